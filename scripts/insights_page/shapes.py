"""The shapes of an answer: a section, and the columns of its table."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

from insights_page import words

Row = dict[str, Any]

NOTHING = "Nothing has been played yet."
TOP = 10  # rows of a ranking
COHORTS = 6  # the newest ones; they have 1, 2, ... rows


@dataclass(frozen=True)
class Column:
    """A column of a section's table; the first one names its row, unless a number."""

    heading: str
    key: str
    show: Callable[..., str] = words.number
    until: str = ""  # one more value for `show`
    below: str = ""  # one more value, in small letters below
    bar: bool = False  # a bar beside the number
    change: str = ""  # the key of its change in percent

    def text(self, row: Row) -> str:
        """A row's value as the page writes it."""
        return self.show(row[self.key], *([row[self.until]] if self.until else []))


@dataclass(frozen=True)
class Section:
    """An analysis, and what is shown of its answer.

    `up` and `down` are the keys of the columns to draw over time, stacked on either
    side of a base line; the first column is then `day` or `week`.
    """

    analysis: str
    columns: tuple[Column, ...]
    caveat: str
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    form: str = ""  # a macro instead of a table: "tiles", "week" or "cohorts"
    empty: str = NOTHING

    @property
    def limit(self) -> int | None:
        """How many rows to show: the first ten of a ranking, all of a picture."""
        if self.form == "cohorts":
            return COHORTS * (COHORTS + 1) // 2
        return None if self.form or self.up else TOP

    @property
    def series(self) -> list[Column]:
        """The columns to draw, in the order of their colours."""
        by_key = {column.key: column for column in self.columns}
        return [by_key[key] for key in self.up + self.down]
