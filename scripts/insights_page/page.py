"""The page as one HTML file: answers put into the template beside this module."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from insights_page import words
from insights_page.charts import Columns, Drawing, Row, draw
from insights_page.sections import Column, Section, Tiles, Week

HERE = Path(__file__).parent
SHADES = 7  # of the table of hours
WEEKDAYS = {1: "Mon", 2: "Tue", 3: "Wed", 4: "Thu", 5: "Fri", 6: "Sat", 0: "Sun"}


@dataclass(frozen=True)
class Cell:
    """A value on the page: its words, a line below them, a bar's length, a shade."""

    text: str
    below: str = ""
    bar: Any = None
    shade: int | None = None


@dataclass(frozen=True)
class Table:
    """Headings and rows of cells; the longest bar, and the digits of its column."""

    columns: tuple[Column, ...]
    rows: list[list[Cell]]
    longest: Any = None
    digits: int = 0


@dataclass(frozen=True)
class Answered:
    """A section with its answer: all that the template needs to show it."""

    section: Section
    sql: str
    answer: str
    table: Table | None = None
    week: list[tuple[str, list[Cell]]] | None = None
    drawing: Drawing | None = None

    @property
    def tiles(self) -> bool:
        """Whether the numbers of the table's first column are in large type."""
        return bool(self.table) and isinstance(self.section.picture, Tiles)


def page(
    answered: list[Answered], warehouse: Mapping[str, Any], last: datetime | None
) -> str:
    """The whole page: the same rows give the same bytes, but for one line."""
    environment = Environment(
        loader=FileSystemLoader(HERE),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    return environment.get_template("page.html").render(
        answered=answered,
        warehouse=warehouse,
        through=words.minute(last) if last else None,
        style=(HERE / "style.css").read_text(encoding="utf-8"),
        weekdays=WEEKDAYS.values(),
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
        table=None if isinstance(picture, Week) else _table(section, rows),
        week=_week(picture, rows) if isinstance(picture, Week) else None,
        drawing=draw(picture, rows) if isinstance(picture, Columns) else None,
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
    return Table(
        (Column("figure", (), names=True), *periods),
        [
            [Cell(column.heading), *(_cell(column, row) for row in rows)]
            for column in figures
        ],
    )


def _cell(column: Column, row: Row) -> Cell:
    return Cell(
        column.show(*(row[key] for key in column.keys)),
        words.text(row[column.below]) if column.below else "",
        row[column.keys[0]] if column.bar else None,
    )


def _week(picture: Week, rows: list[Row]) -> list[tuple[str, list[Cell]]]:
    """Hours down, weekdays across; an empty cell where nothing was ever played."""
    values = {(row["hour"], row["weekday"]): row[picture.key] for row in rows}
    highest = max(values.values())

    def cell(value: Any) -> Cell:
        if value is None:
            return Cell("")
        shade = min(int(SHADES * value / highest), SHADES - 1) if highest else 0
        return Cell(words.number(value), shade=shade)

    return [
        (f"{hour:02}:00", [cell(values.get((hour, weekday))) for weekday in WEEKDAYS])
        for hour in range(24)
    ]
