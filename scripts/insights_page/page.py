"""The page as one HTML file: answers put into the template beside this module."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from insights_page import words
from insights_page.charts import Columns, Drawing, Row, draw
from insights_page.findings import Finding
from insights_page.shapes import Cohorts, Column, Section, Tiles, Week

HERE = Path(__file__).parent
SHADES = 7  # of a grid
COHORT_WEEKS = 5  # after the first: more do not fit on a phone
FEW = 5  # listeners: a cell of fewer says little
WEEKDAYS = {1: "Mon", 2: "Tue", 3: "Wed", 4: "Thu", 5: "Fri", 6: "Sat", 0: "Sun"}


@dataclass(frozen=True)
class Cell:
    """A value on the page: its words, a line below them, a bar's length, its class."""

    text: str
    below: str = ""
    bar: Any = None
    css_class: str = ""


@dataclass(frozen=True)
class Table:
    """Headings and rows of cells; the longest bar, and the digits of its column."""

    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    longest: Any = None
    digits: int = 0


@dataclass(frozen=True)
class Grid:
    """Cells by two headings, the stronger the higher."""

    heading: str
    columns: list[Cell]
    rows: list[tuple[Cell, list[Cell]]]


@dataclass(frozen=True)
class Tile:
    """A figure in large type, and what it is compared with."""

    heading: str
    value: str
    change: str = ""
    before: str = ""
    total: str = ""


@dataclass(frozen=True)
class Answered:
    """A section with its answer: all that the template needs to show it."""

    section: Section
    sql: str
    answer: str
    table: Table | None = None
    grid: Grid | None = None
    drawing: Drawing | None = None
    tiles: list[Tile] | None = None


def page(
    answered: list[Answered],
    findings: list[Finding],
    warehouse: Mapping[str, Any],
    everything: Row,
) -> str:
    """The whole page: the same rows give the same bytes, but for one line."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    last: datetime | None = everything["last_play_at"]
    return environment.get_template("page.html").render(
        answered=answered,
        findings=findings,
        period=last and words.period(everything["from_day"], everything["to_day"]),
        days=words.count(everything["days"], "day"),
        warehouse=warehouse,
        through=last and words.minute(last),
        style=(HERE / "style.css").read_text(encoding="utf-8"),
    )


def answer(section: Section, rows: list[Row], sql: str) -> Answered:
    """A section, answered by the rows of its analysis."""
    if not rows or rows[0].get("plays") == 0:
        return Answered(section, sql, section.empty)
    picture = section.picture
    return Answered(
        section,
        sql,
        section.answer(rows),
        table=None if isinstance(picture, Week | Cohorts) else _table(section, rows),
        grid=_grid(picture, rows),
        drawing=draw(picture, rows) if isinstance(picture, Columns) else None,
        tiles=_tiles(section, rows) if isinstance(picture, Tiles) else None,
    )


def _table(section: Section, rows: list[Row]) -> Table:
    columns = section.columns
    if isinstance(section.picture, Tiles):
        return _turned(columns, rows)
    cells = [[_cell(column, row) for column in columns] for row in rows]
    bars = [cell for row in cells for cell in row if cell.bar is not None]
    return Table(
        columns,
        cells,
        max((cell.bar for cell in bars), default=None),
        max((len(cell.text) for cell in bars), default=0),
    )


def _turned(columns: tuple[Column, ...], rows: list[Row]) -> Table:
    """A row for each column: few long rows, of which a phone is too narrow."""
    names, *figures = columns
    periods = [Column(_cell(names, row).text, ()) for row in rows]
    changes = [Column("change", ()) for _ in rows[1:2]]
    return Table(
        (Column("figure", (), names=True), *periods, *changes),
        [
            [
                Cell(column.heading),
                *(_cell(column, row) for row in rows),
                *(Cell(_change(column, row)) for row in rows[1:2]),
            ]
            for column in figures
        ],
    )


def _cell(column: Column, row: Row) -> Cell:
    return Cell(
        column.show(*(row[key] for key in column.keys)),
        words.text(row[column.below]) if column.below else "",
        row[column.keys[0]] if column.bar else None,
    )


def _change(column: Column, row: Row) -> str:
    return words.change(row[column.change] if column.change else None)


def _tiles(section: Section, rows: list[Row]) -> list[Tile]:
    """The last week against an average one, or all where there are no two weeks."""
    figures = [column for column in section.columns if column.change]
    if len(rows) < 3:
        return [Tile(one.heading, _cell(one, rows[0]).text) for one in figures]
    everything, last, before = rows
    return [
        Tile(
            one.heading,
            _cell(one, last).text,
            _change(one, last),
            _cell(one, before).text,
            _cell(one, everything).text,
        )
        for one in figures
    ]


def _grid(picture: object, rows: list[Row]) -> Grid | None:
    if isinstance(picture, Week):
        return _week(picture, rows)
    return _cohorts(rows) if isinstance(picture, Cohorts) else None


def _week(picture: Week, rows: list[Row]) -> Grid:
    """Hours down, weekdays across; an empty cell where nothing was ever played."""
    at = {(row["hour"], row["weekday"]): row for row in rows}
    days = {row["weekday"]: words.count(row["days"], "day") for row in rows}
    sure = [row[picture.key] for row in rows if row[picture.people] >= FEW]

    def cell(row: Row | None) -> Cell:
        if row is None:
            return Cell("")
        value, few = row[picture.key], row[picture.people] < FEW
        return Cell(
            words.number(value), css_class="few" if few else _shade(value, max(sure))
        )

    return Grid(
        "hour",
        [Cell(name, days.get(weekday, "")) for weekday, name in WEEKDAYS.items()],
        [
            (
                Cell(f"{hour:02}:00"),
                [cell(at.get((hour, weekday))) for weekday in WEEKDAYS],
            )
            for hour in range(24)
        ],
    )


def _cohorts(rows: list[Row]) -> Grid:
    """Cohorts down, weeks across: how many came back, stronger the more of them."""
    at = {(row["cohort"], row["weeks_later"]): row for row in rows}
    last = min(max(row["weeks_later"] for row in rows), COHORT_WEEKS)

    def cell(row: Row | None) -> Cell:
        if row is None:
            return Cell("")
        return Cell(
            words.number(row["returned"]),
            css_class=_shade(row["percent_returned"], 100),
        )

    return Grid(
        "first week",
        [
            Cell("listeners"),
            *(Cell(f"+{weeks}", "week") for weeks in range(1, last + 1)),
        ],
        [
            (
                Cell(words.short_day(cohort), "cut off" if first["is_cut_off"] else ""),
                [
                    Cell(words.number(first["listeners"])),
                    *(cell(at.get((cohort, weeks))) for weeks in range(1, last + 1)),
                ],
            )
            for (cohort, weeks), first in at.items()
            if weeks == 0
        ],
    )


def _shade(value: Any, highest: Any) -> str:
    return f"shade{min(int(SHADES * value / highest), SHADES - 1) if highest else 0}"
