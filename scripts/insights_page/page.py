"""The page as one HTML file: answers put into the template beside this module."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from inspect import getmembers, isfunction
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from insights_page import words
from insights_page.charts import Columns, Row, draw
from insights_page.shapes import Column, Section

HERE = Path(__file__).parent
SHADES = 7  # of a grid
ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.globals |= dict(getmembers(words, isfunction))
SENTENCES = ENVIRONMENT.get_template("answers.html").module


@dataclass(frozen=True)
class Answered:
    """A section with its answer; where nothing was played it has no rows."""

    section: Section
    sql: str
    answer: str
    rows: list[Row]
    drawing: dict[str, Any] | None = None


def page(
    answered: list[Answered],
    rows: Mapping[str, list[Row]],
    questions: Mapping[str, str],
    warehouse: Mapping[str, str],
) -> str:
    """The whole page: the same rows give the same bytes, but for one line."""
    return ENVIRONMENT.get_template("page.html").render(
        answered=answered,
        answers={one.section.analysis: one.answer for one in answered},
        rows=rows,
        questions=questions,
        warehouse=warehouse,
        digits=_digits,
        index=_index,
        shade=_shade,
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
        draw(picture, rows) if isinstance(picture, Columns) else None,
    )


def _digits(columns: Iterable[Column], rows: list[Row]) -> int:
    """The length of the longest value of these columns."""
    return max(len(column.text(row)) for column in columns for row in rows)


def _index(rows: list[Row], *keys: str) -> dict[tuple[Any, ...], Row]:
    """The rows by the values of these keys."""
    return {tuple(row[key] for key in keys): row for row in rows}


def _shade(value: Any, highest: Any) -> str:
    return f"shade{min(int(SHADES * value / highest), SHADES - 1) if highest else 0}"
