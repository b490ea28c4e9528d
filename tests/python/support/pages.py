"""The project's pages as tests read them: commands, quotes, links, tables, blocks."""

import re
from dataclasses import dataclass
from functools import cached_property
from itertools import chain
from pathlib import Path

import click
from common.settings import PROJECT


@dataclass(frozen=True)
class Page:
    """A Markdown file of the project."""

    path: Path

    @property
    def name(self) -> str:
        """The path below the project, such as `docs/loading.md`."""
        return self.path.relative_to(PROJECT).as_posix()

    @cached_property
    def text(self) -> str:
        return self.path.read_text(encoding="utf-8")

    @property
    def links(self) -> list[str]:
        """The files that the page links to."""
        found = re.findall(r"\]\(([^)#\s]+)", self.text)
        return [link for link in found if "://" not in link]

    @property
    def commands(self) -> list[str]:
        """Everything that the page tells one to type, or quotes."""
        return [
            *self.quoted(),
            *chain(*(block.splitlines() for block in self.blocks("sh"))),
        ]

    def section(self, title: str) -> str:
        """The text below a heading, up to the next one of its rank or a higher one."""
        start = re.search(rf"^(#+) {re.escape(title)}$", self.text, re.MULTILINE)
        assert start, f"{self.name} has no heading {title}"
        end = re.compile(rf"^#{{1,{len(start[1])}}} ", re.MULTILINE).search(
            self.text, start.end()
        )
        return self.text[start.end() : end.start() if end else None]

    def blocks(self, language: str, text: str | None = None) -> list[str]:
        """The fenced blocks of a language."""
        return re.findall(
            rf"^```{language}\n(.*?)^```$",
            self.text if text is None else text,
            re.MULTILINE | re.DOTALL,
        )

    def quoted(self, text: str | None = None) -> list[str]:
        """What stands in back quotes within lines."""
        whole = self.text if text is None else text
        outside = re.sub(r"^```.*?^```$", "", whole, flags=re.MULTILINE | re.DOTALL)
        return re.findall(r"`([^`\n]+)`", outside)

    def table(self, title: str) -> list[list[str]]:
        """The cells of all rows of a section's tables, headings included."""
        return [
            [cell.strip() for cell in line.strip("|").split("|")]
            for line in self.section(title).splitlines()
            if line.startswith("|") and not line.startswith("| ---")
        ]


DOCS = sorted((PROJECT / "docs").glob("*.md"))
FILES = (PROJECT / "README.md", PROJECT / "CONTRIBUTING.md", *DOCS)
PAGES = {page.name: page for page in map(Page, FILES)}


def questions() -> list[str]:
    """The queries of docs/model.md, which run on both engines."""
    (block,) = Page(PROJECT / "docs" / "model.md").blocks("sql")
    return block.rstrip().rstrip(";").split(";")


def subcommands(group: click.Group) -> dict[str, click.Command]:
    """The commands of a group, those that it imports late too."""
    context = click.Context(group)
    found = {
        name: group.get_command(context, name) for name in group.list_commands(context)
    }
    return {name: command for name, command in found.items() if command}
