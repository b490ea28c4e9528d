"""The insights page of a warehouse, and what must hold of every one."""

import re
from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import insights
import pytest
from command_line.questions import questions
from common.settings import PROJECT
from dbt_project.runner import Dbt
from insights_page import words
from insights_page.charts import Columns
from insights_page.sections import sections
from insights_page.shapes import Section

from support import html_tree
from support.helpers import Warehouse
from support.html_tree import Element, rows, value

Row = dict[str, Any]
Asked = Callable[..., dict[str, list[Row]]]
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Page:
    """A page, its parts by analysis, and the rows that it was made of."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.rows: dict[str, list[Row]] = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Dbt, "analyses", self._noted(Dbt.analyses))
            self.html = insights.insights(warehouse._opened())
        self.parts = html_tree.sections(self.html)

    def _noted(self, analyses: Asked) -> Asked:
        def noted(dbt: Dbt, names: Iterable[str], limit: int = -1) -> dict[str, Any]:
            found = analyses(dbt, names, limit)
            self.rows |= found
            return found

        return noted

    def answer(self, analysis: str) -> str:
        """The sentence that answers a question."""
        return self.parts[analysis].one("p", "answer").text

    def findings(self) -> dict[str, str]:
        """The first sentences by what they are about."""
        lists = self.parts["headline"].all("ul", "findings")
        found = [one for all_ in lists for one in all_.all("li")]
        for one in found:
            assert one.one("a").attributes["href"].removeprefix("#") in self.parts
        titles = [one.one("a").text for one in found]
        return {
            title: one.text.removeprefix(f"{title} ")
            for title, one in zip(titles, found, strict=True)
        }

    def sections(self, weekly: bool = False) -> list[Section]:
        """The sections that must be there."""
        return sections(10**4 if weekly else 1)

    def check(self, weekly: bool = False) -> None:
        """Every table is its analysis, and every mark its table."""
        expected = self.sections(weekly)
        assert list(self.parts) == [section.analysis for section in expected]
        for section in expected:
            part = self.parts[section.analysis]
            of = self.rows[section.analysis]
            sql = (PROJECT / f"analyses/{section.analysis}.sql").read_text("utf-8")
            assert part.one("h2").text == questions()[section.analysis]
            assert part.one("pre").text == sql
            assert part.one("p", "caveat").text == section.caveat
            if not of or of[0].get("plays") == 0:
                assert part.one("p", "answer").text == section.empty
                assert not part.all("table")
                assert not part.all("svg")
                continue
            assert part.one("p", "answer").text[-1] == "."
            table = part.one("table")
            if section.picture == "week":
                check_week(table, of)
                continue
            if section.picture == "cohorts":
                check_cohorts(table, of)
                continue
            expected_rows = [
                [written(section, place, row) for place in range(len(section.columns))]
                for row in of
            ]
            found = [list(row.values()) for row in rows(table)]
            if section.picture == "tiles":
                # A figure in each row, a period in each column.
                found = [list(column) for column in zip(*found, strict=True)][1:]
                expected_rows = [row[1:] for row in expected_rows]
                headings = [row["period"] for row in of]
                if len(of) > 1:
                    headings.append("change")
                    expected_rows.append(changes(section, of[1]))
                assert list(rows(table)[0])[1:] == headings
            assert found == expected_rows
            check_bars(table)
            if isinstance(section.picture, Columns):
                check_columns(part, section.picture, of)
        check_tiles(self.parts["headline"], self.rows["headline"])


def written(section: Section, place: int, row: Row) -> str:
    """A value as the page must write it; numbers here have no words of ours."""
    column = section.columns[place]
    values = [row[key] for key in column.keys]
    if column.show in (words.first, words.text) and not column.below:
        return column.show(*values)
    if not column.names and not isinstance(values[0], date):
        sign = "%" if "percent" in column.keys[0] else ""
        return "–" if values[0] is None else f"{values[0]:,}{sign}"  # noqa: RUF001
    if isinstance(values[0], date):
        return f"{values[0].day} {values[0].strftime('%b %Y')}"
    if len(values) == 1:
        below = [row[column.below]] if column.below else []
        return "".join("unknown" if v is None else str(v) for v in values + below)
    return column.show(*values)


def check_bars(table: Element) -> None:
    """Bars are as long as the number beside them, the longest one fills its place."""
    lengths = []
    for cell in table.all("td", "bar"):
        length = cell.one("i").style("--value")
        assert length == value(cell.one("span", "number").text)
        lengths.append(length)
    if lengths:
        assert (max(lengths) or 1) == table.style("--longest")


def check_week(table: Element, of: list[Row]) -> None:
    """Each hour of each weekday has its number; a higher number is never paler."""
    days = {row["weekday_name"][:3]: row["days"] for row in of}
    headings = [
        f"{name}{days[name]} day{'' if days[name] == 1 else 's'}"
        if name in days
        else name
        for name in WEEKDAYS
    ]
    at = {
        (f"{row['hour']:02}:00", row["weekday_name"][:3]): (
            row["listeners_per_day"],
            row["listeners"] < 5,
        )
        for row in of
    }
    found = rows(table)
    assert len(found) == 24
    cells = [cell for cell in table.all("td") if cell.text]
    assert {
        (row["hour"], weekday): number
        for row in found
        for weekday, heading in zip(WEEKDAYS, headings, strict=True)
        if (number := value(row[heading])) is not None
    } == {place: number for place, (number, _) in at.items()}
    assert [cell.attributes["class"] == "few" for cell in cells] == [
        at[f"{hour:02}:00", weekday][1]
        for hour in range(24)
        for weekday in WEEKDAYS
        if (f"{hour:02}:00", weekday) in at
    ]
    check_shades(cell for cell in cells if cell.attributes["class"] != "few")


def check_shades(cells: Iterable[Element]) -> None:
    """A higher number is never paler."""
    shades = sorted(
        (value(cell.text) or Decimal(), int(cell.attributes["class"][-1]))
        for cell in cells
    )
    assert all(before[1] <= after[1] for before, after in pairwise(shades))
    assert not shades or shades[-1][1] == 6


def check_cohorts(table: Element, of: list[Row]) -> None:
    """Each cohort has its size, its mark, and who came back in each later week."""
    at = {(row["cohort"], row["weeks_later"]): row for row in of}
    last = min(max(row["weeks_later"] for row in of), 5)
    expected = []
    for (cohort, weeks), row in at.items():
        if weeks == 0:
            mark = "cut off" if row["is_cut_off"] else ""
            cells = [at.get((cohort, later)) for later in range(1, last + 1)]
            expected.append(
                [
                    f"{cohort.day} {cohort.strftime('%b %Y')}{mark}",
                    f"{row['listeners']:,}",
                    *(f"{cell['returned']:,}" if cell else "" for cell in cells),
                ]
            )
    assert [list(row.values()) for row in rows(table)] == expected


def changes(section: Section, row: Row) -> list[str]:
    """The changes of a week's figures, as the page must write them."""
    return [
        "–" if value is None else f"{value:+,}%"  # noqa: RUF001
        for column in section.columns[1:]
        for value in [row[column.change] if column.change else None]
    ]


def check_columns(part: Element, chart: Columns, of: list[Row]) -> None:
    """Marks stand at their date, one upon the other, as high as the table's numbers."""
    svg = part.one("svg")
    left, top, width, height = map(Decimal, svg.attributes["viewbox"].split())
    first = of[0][chart.at]
    assert left == 0
    assert width == (of[-1][chart.at] - first).days + chart.days
    expected = []
    for row in of:
        up = down = Decimal()
        for series in chart.series:
            size = Decimal(row[series.key])
            if size and series.below:
                expected.append((row[chart.at], series.colour, down, size))
                down += size
            elif size:
                up += size
                expected.append((row[chart.at], series.colour, -up, size))
            assert top <= -up
            assert down <= top + height
    found = []
    for mark in svg.all("rect"):
        x, y = mark.number("x"), mark.number("y")
        days = int(x // chart.days) * chart.days
        assert days < x < x + mark.number("width") < days + chart.days
        at = date.fromordinal(first.toordinal() + days)
        size = mark.number("height")
        found.append((at, mark.attributes["class"], y, size))
    assert found == expected
    hints = part.one("div", "hints").all("label")
    assert len({hint.one("input").attributes["name"] for hint in hints}) == 1
    for hint, row in zip(hints, of, strict=True):
        column = (row[chart.at] - first).days // chart.days + 1
        assert hint.style("grid-column") == column
        keys = [series.key for series in chart.series]
        numbers = [row[key] for key in ([chart.total] if chart.total else []) + keys]
        begin = f"{row[chart.at].day} {row[chart.at].strftime('%b %Y')}: "
        assert hint.text.startswith(begin)
        said = re.findall(r"\d[\d,]*(?:\.\d+)?(?=%| )", hint.text.removeprefix(begin))
        assert said == [f"{number:,}" for number in numbers]
    assert svg.attributes["role"] == "img"
    named = svg.attributes["aria-labelledby"].split()
    texts = {one.attributes.get("id"): one.text for one in svg.all("title")[:1]}
    texts |= {one.attributes.get("id"): one.text for one in svg.all("desc")}
    assert [bool(texts[name]) for name in named] == [True, True]


def check_tiles(part: Element, of: list[Row]) -> None:
    """The large numbers are the last week's, with their changes; or all there is."""
    if not of[0]["plays"]:
        assert not part.all("dl")
        return
    keys = ("plays", "listeners", "hours", "sessions")
    row = of[1] if len(of) == 3 else of[0]
    assert [value(one.text) for one in part.all("dd", "value")] == [
        row[key] for key in keys
    ]
    assert [one.text for one in part.all("dd", "change")] == [
        one for one in changes(sections(1)[0], row)[:4] if len(of) == 3
    ]
