"""Columns over time as SVG, in the units of the data: a mark is as high as its value.

The picture is stretched to fit its place and holds no text. Its scales are HTML beside
it, which stays legible on a phone.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, timedelta
from decimal import Decimal
from itertools import count
from math import ceil
from typing import Any

from insights_page import words

Row = dict[str, Any]

GAP = 0.08  # on either side of a column, as a share of its width
TICKS = 5  # at most, along the time: more would collide on a phone
LINES = 6  # at most, across
LAST_TICK = 86  # percent of the width: a label runs on to the right of its tick


@dataclass(frozen=True)
class Series:
    """One colour of the columns; a series `below` hangs down from the base line."""

    key: str
    label: str
    colour: str
    below: bool = False


@dataclass(frozen=True)
class Columns:
    """What to draw: series stacked over days, or over weeks named by their Monday."""

    title: str
    at: str
    series: tuple[Series, ...]
    days: int = 1
    unit: str = ""
    total: str = ""  # what the series add up to, where that means something


def draw(chart: Columns, rows: list[Row]) -> dict[str, Any]:
    """A chart of one row or more, in the order of time, ready for the page.

    Marks are rectangles, x in days from the first; hints have all numbers of a date and
    its place among the columns, from 1; ticks are placed in percent of their scale.
    """
    first, last = rows[0][chart.at], rows[-1][chart.at]
    span = (last - first).days + chart.days
    up = _highest(rows, [one.key for one in chart.series if not one.below])
    down = _highest(rows, [one.key for one in chart.series if one.below])
    step = next(
        step for step in _round_steps() if ceil(up / step) + ceil(down / step) < LINES
    )
    top, bottom = step * max(ceil(up / step), 1), step * ceil(down / step)
    return {
        "box": f"0 {-top} {span} {top + bottom}",
        "marks": [mark for row in rows for mark in _marks(chart, row, first)],
        "hints": [
            ((row[chart.at] - first).days // chart.days + 1, _numbers(chart, row))
            for row in rows
        ],
        "x_ticks": [
            (label, place)
            for at, label in _dates(first, last)
            if (place := round(100 * (at - first).days / span, 3)) <= LAST_TICK
        ],
        "y_ticks": [
            (
                f"{words.number(abs(value))}{chart.unit}",
                round(100 * (top - value) / (top + bottom), 3),
            )
            for value in range(-bottom, top + 1, step)
        ],
        "columns": span // chart.days,
    }


def _highest(rows: list[Row], keys: list[str]) -> Decimal:
    return max(sum((Decimal(row[key] or 0) for key in keys), Decimal()) for row in rows)


def _round_steps() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50, 100, ..."""
    return (digit * 10**zeros for zeros in count() for digit in (1, 2, 5))


def _marks(chart: Columns, row: Row, first: date) -> Iterator[Row]:
    x = (row[chart.at] - first).days + GAP * chart.days
    width = chart.days * (1 - 2 * GAP)
    above = below = Decimal()
    for one in chart.series:
        height = Decimal(row[one.key] or 0)
        if not height:
            continue
        if one.below:
            y, below = below, below + height
        else:
            above += height
            y = -above
        yield {
            "x": round(x, 2),
            "width": round(width, 2),
            "y": y,
            "height": height,
            "colour": one.colour,
        }


def _numbers(chart: Columns, row: Row) -> str:
    each = ", ".join(
        f"{words.number(row[one.key])}{chart.unit} {one.label}" for one in chart.series
    )
    total = f"{words.number(row[chart.total])} {chart.total}: " if chart.total else ""
    return f"{words.short_day(row[chart.at])}: {total}{each}"


def _dates(first: date, last: date) -> list[tuple[date, str]]:
    """Mondays of a short stretch, first days of months or years of a longer one."""
    monday = first + timedelta(days=-first.weekday() % 7)
    for weeks in (1, 2, 4):
        days = range(0, (last - monday).days + 1, 7 * weeks)
        if len(days) <= TICKS:
            found = [monday + timedelta(days=day) for day in days] or [first]
            return [(at, f"{at.day} {at:%b}") for at in found]
    start = 12 * first.year + first.month - (1 if first.day == 1 else 0)
    end = 12 * last.year + last.month
    for step in (1, 3, 6, *(12 * years for years in range(1, 3000))):
        months = range(ceil(start / step) * step, end, step)
        if len(months) <= TICKS:
            break
    form = "%b %Y" if step < 12 else "%Y"
    found = [date(month // 12, month % 12 + 1, 1) for month in months]
    return [(at, f"{at:{form}}") for at in found]
