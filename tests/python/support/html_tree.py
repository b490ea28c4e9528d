"""A page of HTML, read back as a tree by Python's own parser."""

from dataclasses import dataclass, field
from decimal import Decimal
from html.parser import HTMLParser


@dataclass
class Element:
    """An element with its text and its children."""

    tag: str
    attributes: dict[str, str]
    children: list["Element | str"] = field(default_factory=list)

    @property
    def text(self) -> str:
        """All text in it, as it stands."""
        return "".join(
            child if isinstance(child, str) else child.text for child in self.children
        )

    def all(self, tag: str, css_class: str = "") -> list["Element"]:
        """The elements of a tag, and of a class if given, anywhere in it."""
        found = []
        for child in self.children:
            if isinstance(child, Element):
                classes = child.attributes.get("class", "").split()
                if child.tag == tag and (not css_class or css_class in classes):
                    found.append(child)
                found += child.all(tag, css_class)
        return found

    def one(self, tag: str, css_class: str = "") -> "Element":
        """The only such element."""
        (found,) = self.all(tag, css_class)
        return found

    def style(self, name: str) -> Decimal:
        """A number in its style attribute."""
        pairs = [part.partition(":") for part in self.attributes["style"].split(";")]
        return Decimal({key: number for key, _, number in pairs}[name])

    def number(self, name: str) -> Decimal:
        """A number in an attribute."""
        return Decimal(self.attributes[name])


class Reader(HTMLParser):
    """A tree of elements; every element that is opened must be closed in its place."""

    def __init__(self) -> None:
        super().__init__()
        self.root = Element("", {})
        self._open = [self.root]

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        element = Element(tag, {name: value or "" for name, value in attrs})
        self._open[-1].children.append(element)
        if tag not in ("meta", "link", "input"):
            self._open.append(element)

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop().tag == tag

    def handle_data(self, data: str) -> None:
        self._open[-1].children.append(data)


def read(page: str) -> Element:
    """The page's tree."""
    reader = Reader()
    reader.feed(page)
    reader.close()
    assert reader._open == [reader.root]
    return reader.root


def sections(page: str) -> dict[str, Element]:
    """The page's sections by the name of their analysis."""
    return {section.attributes["id"]: section for section in read(page).all("section")}


def rows(table: Element) -> list[dict[str, str]]:
    """A table's rows: the text of each cell under its column's heading."""
    headings = [heading.text for heading in table.one("thead").all("th")]
    found = []
    for row in table.one("tbody").all("tr"):
        cells = [cell for cell in row.children if isinstance(cell, Element)]
        texts = [cell.text for cell in cells]
        found.append(dict(zip(headings, texts, strict=True)))
    return found


def value(text: str) -> Decimal | None:
    """The number that a cell shows, None for an empty one."""
    return Decimal(text.strip("% ").replace(",", "")) if text else None
