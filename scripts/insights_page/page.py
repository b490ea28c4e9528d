"""The page as one HTML file: answers put into the template beside this module."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from insights_page import words
from insights_page.charts import Columns, Drawing, Row, draw
from insights_page.shapes import Cohorts, Column, Section, Week

HERE = Path(__file__).parent
SHADES = 7  # of a grid
COHORT_WEEKS = 5  # after the first: more do not fit on a phone
FEW = 5  # listeners: a cell of fewer says little
ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.globals |= vars(words)
SENTENCES = ENVIRONMENT.get_template("answers.html").module
WEEKDAYS = {1: "Mon", 2: "Tue", 3: "Wed", 4: "Thu", 5: "Fri", 6: "Sat", 0: "Sun"}


@dataclass(frozen=True)
class Cell:
    """A value in a grid: its words, a line below them, its class."""

    text: str
    below: str = ""
    css_class: str = ""


@dataclass(frozen=True)
class Grid:
    """Cells by two headings, the stronger the higher."""

    heading: str
    columns: list[Cell]
    rows: list[tuple[Cell, list[Cell]]]


@dataclass(frozen=True)
class Answered:
    """A section with its answer; where nothing was played it has no rows."""

    section: Section
    sql: str
    answer: str
    rows: list[Row]
    grid: Grid | None = None
    drawing: Drawing | None = None


def page(
    answered: list[Answered],
    rows: Mapping[str, list[Row]],
    warehouse: Mapping[str, Any],
) -> str:
    """The whole page: the same rows give the same bytes, but for one line."""
    everything = rows["headline"][0]
    last: datetime | None = everything["last_play_at"]
    return ENVIRONMENT.get_template("page.html").render(
        answered=answered,
        answers={one.section.analysis: one.answer for one in answered},
        rows=rows,
        span=last and words.period(everything["from_day"], everything["to_day"]),
        days=words.count(everything["days"], "day"),
        warehouse=warehouse,
        digits=_digits,
        through=last and words.minute(last),
        style=(HERE / "style.css").read_text(encoding="utf-8"),
    )


def answer(section: Section, rows: list[Row], sql: str) -> Answered:
    """A section, answered by the rows of its analysis."""
    if not rows or rows[0].get("plays") == 0:
        return Answered(section, sql, section.empty, [])
    picture = section.picture
    return Answered(
        section,
        sql,
        getattr(SENTENCES, section.analysis)(rows),
        rows,
        _grid(picture, rows),
        draw(picture, rows) if isinstance(picture, Columns) else None,
    )


def _digits(columns: Iterable[Column], rows: list[Row]) -> int:
    """The length of the longest value of these columns."""
    return max(len(column.text(row)) for column in columns for row in rows)


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
