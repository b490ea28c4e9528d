"""Columns over time as SVG, in the units of the data: a mark is as high as its value.

The picture is stretched to fit its place and holds no text. Its scales are HTML beside
it, which stays legible on a phone.
"""

from collections.abc import Iterator
from decimal import Decimal
from itertools import count
from math import ceil
from typing import Any

from insights_page.sections import Section
from insights_page.words import Row, heading, shown

GAP = 0.08  # on either side of a column, as a share of its width
TICKS = 5  # at most, along the time: more would collide on a phone
LINES = 6  # at most, across
LAST_TICK = 86  # percent of the width: a label runs on to the right of its tick
DAYS = {"day": 1, "week": 7}  # weeks are named by their Monday
COLOURS = ("first", "second")


def draw(section: Section, rows: list[Row]) -> dict[str, Any]:
    """A section's columns over one row or more, in the order of time.

    Marks are rectangles, x in days from the first; hints have all numbers of a date and
    its place among the columns, from 1; ticks are placed in percent of their scale.
    """
    when, *numbers = section.columns
    days = DAYS[when]
    first, last = rows[0][when], rows[-1][when]
    span = (last - first).days + days
    form = "%-d %b" if span < 365 else "%b %Y"
    up, down = _highest(rows, section.up), _highest(rows, section.down)
    step = next(
        step for step in _round_steps() if ceil(up / step) + ceil(down / step) < LINES
    )
    top, bottom = step * max(ceil(up / step), 1), step * ceil(down / step)
    marks, hints = [], []
    for row in rows:
        x = (row[when] - first).days
        box = {"x": round(x + GAP * days, 2), "width": round(days * (1 - 2 * GAP), 2)}
        marks += [box | mark for mark in _marks(section, row)]
        said = ", ".join(f"{heading(key)} {shown(row, key)}" for key in numbers)
        hints.append((x // days + 1, f"{shown(row, when)}: {said}"))
    return {
        "box": f"0 {-top} {span} {top + bottom}",
        "marks": marks,
        "hints": hints,
        "x_ticks": [
            (f"{row[when]:{form}}", place)
            for row in rows[:: ceil(len(rows) / TICKS)]
            if (place := round(100 * (row[when] - first).days / span, 3)) <= LAST_TICK
        ],
        "y_ticks": [
            (
                shown({section.up[0]: abs(value)}, section.up[0]),
                round(100 * (top - value) / (top + bottom), 3),
            )
            for value in range(-bottom, top + 1, step)
        ],
        "columns": span // days,
        "legend": [
            (heading(key), colour)
            for key, colour in zip(section.drawn, COLOURS, strict=False)
        ],
    }


def _highest(rows: list[Row], keys: tuple[str, ...]) -> Decimal:
    return max(sum((Decimal(row[key] or 0) for key in keys), Decimal()) for row in rows)


def _round_steps() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50, 100, ..."""
    return (digit * 10**zeros for zeros in count() for digit in (1, 2, 5))


def _marks(section: Section, row: Row) -> Iterator[Row]:
    """The rectangles of a row from the base line on; y points down."""
    colours = dict(zip(section.drawn, COLOURS, strict=False))
    for keys, sign in ((section.up, -1), (section.down, 1)):
        edge = Decimal()
        for key in keys:
            height = Decimal(row[key] or 0)
            end = edge + sign * height
            if height:
                yield {"y": min(edge, end), "height": height, "colour": colours[key]}
            edge = end
