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

    Marks are rectangles, x in days from the first, each with all numbers of its date;
    ticks are placed in percent of their scale.
    """
    when, *numbers = section.columns
    days = DAYS[when]
    first, last = rows[0][when], rows[-1][when]
    span = (last - first).days + days
    form = "%-d %b" if span < 365 else "%b %Y"
    highest = max(_total(row, section) for row in rows)
    step = next(step for step in _round_steps() if ceil(highest / step) < LINES)
    top = step * max(ceil(highest / step), 1)
    marks = []
    for row in rows:
        x = (row[when] - first).days
        said = ", ".join(f"{heading(key)} {shown(row, key)}" for key in numbers)
        column = {
            "x": round(x + GAP * days, 2),
            "width": round(days * (1 - 2 * GAP), 2),
            "numbers": f"{shown(row, when)}: {said}",
        }
        marks += [column | mark for mark in _marks(section, row)]
    return {
        "box": f"0 {-top} {span} {top}",
        "marks": marks,
        "x_ticks": [
            (f"{row[when]:{form}}", place)
            for row in rows[:: ceil(len(rows) / TICKS)]
            if (place := round(100 * (row[when] - first).days / span, 3)) <= LAST_TICK
        ],
        "y_ticks": [
            (
                shown({section.drawn[0]: value}, section.drawn[0]),
                100 - 100 * value / top,
            )
            for value in range(0, top + 1, step)
        ],
        "columns": span // days,
        "legend": [
            (heading(key), colour)
            for key, colour in zip(section.drawn, COLOURS, strict=False)
        ],
    }


def _total(row: Row, section: Section) -> Decimal:
    return sum((Decimal(row[key] or 0) for key in section.drawn), Decimal())


def _round_steps() -> Iterator[int]:
    """1, 2, 5, 10, 20, 50, 100, ..."""
    return (digit * 10**zeros for zeros in count() for digit in (1, 2, 5))


def _marks(section: Section, row: Row) -> Iterator[Row]:
    """The rectangles of a row from the base line up; y points down."""
    edge = Decimal()
    for key, colour in zip(section.drawn, COLOURS, strict=False):
        height = Decimal(row[key] or 0)
        edge -= height
        if height:
            yield {"y": edge, "height": height, "colour": colour}
