"""Columns over time as SVG, in the units of the data: a mark is as high as its value.

The picture is stretched to fit its place and holds no text. Its scales are HTML beside
it, which stays legible on a phone.
"""

from collections.abc import Iterator
from decimal import Decimal
from math import ceil
from typing import Any

from insights_page.sections import Section
from insights_page.words import Row, heading, shown

GAP = 0.08  # on either side of a column, as a share of its width
TICKS = 5  # at most, along the time: more would collide on a phone
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
    top = max(sum(Decimal(row[key] or 0) for key in section.drawn) for row in rows) or 1
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
            (shown({section.drawn[0]: value}, section.drawn[0]), place)
            for value, place in ((top, 0), (0, 100))
        ],
        "columns": span // days,
        "legend": [
            (heading(key), colour)
            for key, colour in zip(section.drawn, COLOURS, strict=False)
        ],
    }


def _marks(section: Section, row: Row) -> Iterator[Row]:
    """The rectangles of a row from the base line up; y points down."""
    edge = Decimal()
    for key, colour in zip(section.drawn, COLOURS, strict=False):
        height = Decimal(row[key] or 0)
        edge -= height
        if height:
            yield {"y": edge, "height": height, "colour": colour}
