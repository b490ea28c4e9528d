"""The insights page of a warehouse, and what must hold of every one."""

from collections.abc import Callable, Iterable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from typing import Any

import insights
import pytest
from dbt_project import Dbt
from insights_page.charts import Columns
from insights_page.sections import Section, Tiles, Week, sections
from settings import PROJECT

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
            assert part.one("h2").text == section.question
            assert part.one("pre").text == sql
            assert part.one("p", "caveat").text == section.caveat
            if not of or of[0].get("plays") == 0:
                assert part.one("p", "answer").text == section.empty
                assert not part.all("table")
                assert not part.all("svg")
                continue
            assert part.one("p", "answer").text[-1] == "."
            table = part.one("table")
            if isinstance(section.picture, Week):
                check_week(table, of)
                continue
            expected_rows = [
                [written(section, place, row) for place in range(len(section.columns))]
                for row in of
            ]
            found = [list(row.values()) for row in rows(table)]
            if isinstance(section.picture, Tiles):
                # A figure in each row, a period in each column.
                found = [list(column) for column in zip(*found, strict=True)][1:]
                expected_rows = [row[1:] for row in expected_rows]
                assert list(rows(table)[0])[1:] == [row["period"] for row in of]
            assert found == expected_rows
            check_bars(table)
            if isinstance(section.picture, Columns):
                check_columns(part, section.picture, of)
        check_tiles(self.parts["headline"], self.rows["headline"])


def written(section: Section, place: int, row: Row) -> str:
    """A value as the page must write it; numbers here have no words of ours."""
    column = section.columns[place]
    values = [row[key] for key in column.keys]
    if not column.names:
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
        assert max(lengths) == table.style("--longest")


def check_week(table: Element, of: list[Row]) -> None:
    """Each hour of each weekday has its number; a higher number is never paler."""
    expected = {
        (f"{row['hour']:02}:00", row["weekday_name"][:3]): row["plays_per_day"]
        for row in of
    }
    found = rows(table)
    assert len(found) == 24
    assert {
        (row["hour"], weekday): number
        for row in found
        for weekday in WEEKDAYS
        if (number := value(row[weekday])) is not None
    } == expected
    shades = sorted(
        (value(cell.text) or Decimal(), int(cell.attributes["class"][-1]))
        for cell in table.all("td")
        if cell.text
    )
    assert all(before[1] <= after[1] for before, after in pairwise(shades))
    assert shades[-1][1] == 6


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
        assert f"{size:,}" in mark.one("title").text
        assert f"{at.day} {at.strftime('%b %Y')}" in mark.one("title").text
    assert found == expected
    assert svg.attributes["role"] == "img"
    named = svg.attributes["aria-labelledby"].split()
    texts = {one.attributes.get("id"): one.text for one in svg.all("title")[:1]}
    texts |= {one.attributes.get("id"): one.text for one in svg.all("desc")}
    assert [bool(texts[name]) for name in named] == [True, True]


def check_tiles(part: Element, of: list[Row]) -> None:
    """The large numbers are the first row's."""
    if not of[0]["plays"]:
        assert not part.all("dl")
        return
    keys = ("plays", "listeners", "hours", "sessions", "percent_paid")
    numbers = [value(one.text) for one in part.all("dd", "value")]
    assert numbers == [of[0][key] for key in (*keys, "percent_matched")]
