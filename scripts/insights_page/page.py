"""The page as one HTML file: answers put into the template beside this module."""

from collections.abc import Iterable
from inspect import getmembers, isfunction
from itertools import takewhile
from pathlib import Path
from typing import Any

from command_line.questions import questions
from common.settings import PROJECT
from dbt_project.runner import Dbt
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from insights_page import words
from insights_page.charts import draw
from insights_page.sections import TOP, sections
from insights_page.words import Row, shown

HERE = Path(__file__).parent
NOTHING = "None in these logs."
SHADES = 7  # of a grid
ENGINES = {"duckdb": "DuckDB", "redshift": "Amazon Redshift"}
ENVIRONMENT = Environment(
    loader=FileSystemLoader(HERE),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
ENVIRONMENT.globals |= dict(getmembers(words, isfunction))
SENTENCES = ENVIRONMENT.get_template("answers.html").module


def page(dbt: Dbt) -> str:
    """The whole page of a warehouse: the same rows give the same bytes."""
    rows = dbt.analyses(["headline"])
    shown = sections(rows["headline"][0]["days"] or 0)
    # Two calls of dbt: each costs more than most of the queries.
    ranked = [section.analysis for section in shown if section.limit == TOP]
    others = [section.analysis for section in shown[1:] if section.limit != TOP]
    rows |= dbt.analyses(ranked, TOP) | dbt.analyses(others)
    answers, drawings, sql = {}, {}, {}
    for section in shown:
        name = section.analysis
        sql[name] = (PROJECT / "analyses" / f"{name}.sql").read_text(encoding="utf-8")
        found = rows[name] = rows[name][: section.limit]
        if not found or found[0].get("plays") == 0:
            answers[name], rows[name] = NOTHING, []
            continue
        answers[name] = getattr(SENTENCES, name)(found)
        if section.drawn:
            drawings[name] = draw(section, found)
    credentials = dbt.profile.credentials
    return ENVIRONMENT.get_template("page.html").render(
        sections=shown,
        rows=rows,
        answers=answers,
        drawings=drawings,
        sql=sql,
        questions=questions(),
        warehouse=f"{credentials.database}.{credentials.schema} on"
        f" {ENGINES[dbt.engine]}, target {dbt.profile.target_name}",
        caveat=_caveat,
        digits=_digits,
        index=_index,
        shade=_shade,
        style=(HERE / "style.css").read_text(encoding="utf-8"),
    )


def _caveat(sql: str) -> str:
    """How an analysis counts: its first comment, after the question."""
    comment = takewhile(lambda line: line.startswith("--"), sql.splitlines())
    return " ".join(line.removeprefix("-- ") for line in comment).partition("? ")[2]


def _digits(columns: Iterable[str], rows: list[Row]) -> int:
    """The length of the longest value of these columns."""
    return max(len(shown(row, key)) for key in columns for row in rows)


def _index(rows: list[Row], *keys: str) -> dict[tuple[Any, ...], Row]:
    """The rows by the values of these keys."""
    return {tuple(row[key] for key in keys): row for row in rows}


def _shade(value: Any, highest: Any) -> str:
    return f"shade{min(int(SHADES * value / highest), SHADES - 1) if highest else 0}"
