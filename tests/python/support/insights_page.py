"""The insights page of a warehouse, and what must hold of every one."""

from collections.abc import Iterable
from decimal import Decimal
from itertools import chain, pairwise
from typing import Any

import pytest
from bs4 import BeautifulSoup, Tag
from command_line.questions import questions
from common.settings import PROJECT
from dbt_project.runner import Dbt
from insights_page import words
from insights_page.page import NOTHING, page
from insights_page.sections import Section, sections

from support.helpers import Warehouse

Row = dict[str, Any]
TITLES = (
    "</span><script>document.title = 'hacked'</script>",
    "\"'><img src=x onerror=alert(1)>",
    "{{ 777 * 777 }}{% include 'x' %}&amp;&#60;",
    "\u202egnirts desrever",
    "שלום עולם / مرحبا بالعالم",
    "音楽は素晴らしいものですから毎日聴いています 🎧 नमस्ते",
    "internationalization of a counterrevolutionary uncharacteristically",
    "ELECTROENCEPHALOGRAM und Rechtsschutzversicher",
    "x" * 1000,
    "null",
)
# What ten million events have a thousand times as many of.
COUNTS = {"plays", "hours", "sessions", "paid_plays", "free_plays", "matched"}
WEEKDAYS = {1: "Mon", 2: "Tue", 3: "Wed", 4: "Thu", 5: "Fri", 6: "Sat", 0: "Sun"}


class Page:
    """A page, its sections by analysis, and the rows that it was made of."""

    def __init__(self, warehouse: Warehouse, times: int = 1) -> None:
        self.rows: dict[str, list[Row]] = {}
        analyses = Dbt.analyses

        def noted(dbt: Dbt, names: Iterable[str], limit: int = -1) -> dict[str, Any]:
            found = analyses(dbt, names, limit)
            for row in chain(*found.values()):
                row |= {
                    key: row[key] * times for key in COUNTS & row.keys() if row[key]
                }
            self.rows |= found
            return found

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Dbt, "analyses", noted)
            self.html = page(warehouse._opened())
        self.tree = BeautifulSoup(self.html, "html.parser")
        self.parts = {str(part["id"]): part for part in self.tree.select("section")}

    def answer(self, analysis: str) -> str:
        """The sentence that answers a question."""
        (answer,) = texts(self.parts[analysis], "p.answer")
        return answer

    def findings(self) -> dict[str, str]:
        """The first sentences by what they are about."""
        found = self.parts["headline"].select("ul.findings li")
        return {
            title: one.get_text().removeprefix(f"{title} ")
            for one in found
            for title in texts(one, "a")
        }

    def check(self, weekly: bool = False) -> None:
        """Every table is its analysis, every mark its table, every link leads on."""
        shown = sections(10**4 if weekly else 1)
        assert list(self.parts) == [section.analysis for section in shown]
        for section in shown:
            part = self.parts[section.analysis]
            rows = self.rows[section.analysis][: section.limit]
            asked = questions()[section.analysis]
            sql = PROJECT / "analyses" / f"{section.analysis}.sql"
            assert texts(part, "h2, code") == [asked, sql.read_text("utf-8")]
            if not rows or rows[0].get("plays") == 0:
                assert self.answer(section.analysis) == NOTHING
                assert not part.select("table, svg, dl")
                continue
            assert self.answer(section.analysis)[-1] == "."
            (table,) = part.select("table")
            assert cells(table) == expected_cells(section, rows), section.analysis
            check_bars(table)
            if section.form == "week":
                check_shades(table, rows)
            if section.drawn:
                check_columns(part, section, rows)
        listed = [f"#{name}" for name in list(self.parts)[1:]]
        assert [link["href"] for link in self.tree.select("nav a")] == listed
        every = {str(link["href"]) for link in self.tree.select("a")}
        assert every == {"#contents", *listed}


def texts(element: Tag, selector: str) -> list[str]:
    """The text of each element that is selected in one."""
    return [one.get_text() for one in element.select(selector)]


def cells(table: Tag) -> list[list[str]]:
    """A table's rows, the headings first."""
    return [texts(row, "th, td") for row in table.select("tr")]


def style(element: Tag, name: str) -> Decimal:
    """A number in an element's style."""
    pairs = (part.partition(":") for part in str(element["style"]).split(";"))
    return Decimal({key: number for key, _, number in pairs}[name])


def expected_cells(section: Section, rows: list[Row]) -> list[list[str]]:
    """A table's cells, as its analysis has them."""
    if section.form == "week":
        days = {row["weekday"]: words.count(row["days"], "day") for row in rows}
        across = {day: name + days.get(day, "") for day, name in WEEKDAYS.items()}
        hours = {hour: f"{hour:02}:00" for hour in range(24)}
        at = {(row["hour"], row["weekday"]): row["listeners_per_day"] for row in rows}
        return grid("hour", hours, across, at)
    if section.form == "cohorts":
        weeks = range(1, min(max(row["weeks_later"] for row in rows), 5) + 1)
        across = {0: "listeners"} | {week: f"+{week}week" for week in weeks}
        cohorts = {
            row["cohort"]: f"{row['cohort']:%-d %b %Y}{'cut off' * row['is_cut_off']}"
            for row in rows
            if row["weeks_later"] == 0
        }
        at = {(row["cohort"], row["weeks_later"]): row["returned"] for row in rows}
        at |= {(row["cohort"], 0): row["listeners"] for row in rows}
        return grid("first week", cohorts, across, at)
    table = [
        [
            BeautifulSoup(words.shown(row, key), "html.parser").get_text()
            + (words.text(row["artist_name"]) if key.endswith("title") else "")
            for key in section.columns
        ]
        for row in rows
    ]
    headings = [words.heading(key) for key in section.columns]
    if section.form != "tiles":
        return [headings, *table]
    # A figure in each row, a period in each column.
    turned = [list(column) for column in zip(headings, *table, strict=True)]
    turned[0][0] = "figure"
    for row in rows[1:2]:
        for line, key in zip(turned, section.columns, strict=True):
            line.append(words.change(row.get(f"{key}_percent_change")))
        turned[0][-1] = "change"
    return turned


def grid(
    corner: str, down: dict[Any, str], across: dict[Any, str], at: dict[Any, Any]
) -> list[list[str]]:
    """Numbers by what is down and across, nothing where there is none."""
    return [
        [corner, *across.values()],
        *(
            [name, *(f"{at[row, of]:,}" if (row, of) in at else "" for of in across)]
            for row, name in down.items()
        ),
    ]


def check_bars(table: Tag) -> None:
    """A bar is as long as its number; the longest one fills its place."""
    bars = table.select("td.bar")
    numbers = [Decimal(one.get_text().replace(",", "")) for one in bars]
    assert [style(one.select("i")[0], "--value") for one in bars] == numbers
    if bars:
        assert style(table, "--longest") == (max(numbers) or 1)


def check_shades(table: Tag, rows: list[Row]) -> None:
    """No number is paler than a lower one; what rests on few people is muted."""
    few = [f"{row['listeners_per_day']:,}" for row in rows if row["listeners"] < 5]
    assert sorted(texts(table, "td.few")) == sorted(few)
    shades = sorted(
        (Decimal(one.get_text()), str(one["class"]))
        for one in table.select("td[class^=shade]")
    )
    assert all(paler[1] <= stronger[1] for paler, stronger in pairwise(shades))


def check_columns(part: Tag, section: Section, rows: list[Row]) -> None:
    """Marks stand at their date, one upon the other, as high as their numbers."""
    key = section.columns[0]
    days = {"day": 1, "week": 7}[key]
    expected, hints = [], []
    for row in rows:
        at = (row[key] - rows[0][key]).days // days
        top = bottom = Decimal()
        for name, colour in zip(section.drawn, ("first", "second"), strict=False):
            if not (size := Decimal(row[name])):
                continue
            if name in section.down:
                expected.append((at, colour, bottom, size))
                bottom += size
            else:
                top -= size
                expected.append((at, colour, top, size))
        numbers = (f"{row[name]:,}" for name in section.columns[1:])
        hints.append((at + 1, f"{row[key]:%-d %b %Y}: ", *numbers))
    assert [
        (
            int(Decimal(str(mark["x"])) // days),
            *mark["class"],
            *(Decimal(str(mark[name])) for name in ("y", "height")),
        )
        for mark in part.select("rect")
    ] == expected
    for label, (column, *said) in zip(part.select(".hints label"), hints, strict=True):
        assert style(label, "grid-column") == column
        text = label.get_text()
        assert all(words in text for words in said), text
