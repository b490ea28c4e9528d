"""The shapes of an answer: a section, and the columns of its table."""

from collections.abc import Callable
from dataclasses import dataclass

from insights_page import words
from insights_page.charts import Columns, Row

NOTHING = "Nothing has been played yet."
COHORTS = 6  # the newest ones; they have 1, 2, ... rows


@dataclass(frozen=True)
class Column:
    """A column of a section's table: of which values, under which heading, and how."""

    heading: str
    keys: tuple[str, ...]
    show: Callable[..., str] = words.number
    below: str = ""  # one more value, in small letters below
    names: bool = False  # it says what its row is about
    wide: bool = False  # it holds text from outside, with words of any length
    bar: bool = False  # a bar stands beside the number
    change: str = ""  # the key of its change in percent

    def text(self, row: Row) -> str:
        """A row's value as the page writes it."""
        return self.show(*(row[key] for key in self.keys))


@dataclass(frozen=True)
class Section:
    """An analysis, and what is shown of its answer."""

    analysis: str
    columns: tuple[Column, ...]
    caveat: str
    picture: Columns | str = ""  # or a macro's name; "": the table has bars
    empty: str = NOTHING

    @property
    def limit(self) -> int:
        """How many rows to ask for: a table has the first ten, a picture all, -1."""
        if self.picture == "cohorts":
            return COHORTS * (COHORTS + 1) // 2
        return -1 if self.picture else 10


def label(heading: str, *keys: str, show: Callable[..., str] = words.text) -> Column:
    """The column that says what its row is about."""
    return Column(heading, keys, show, names=True)


def name(heading: str, key: str, below: str = "") -> Column:
    """The same, in words of any length and script."""
    return Column(heading, (key,), words.text, below, names=True, wide=True)


def number(heading: str, key: str, change: str = "") -> Column:
    """A column of numbers."""
    return Column(heading, (key,), change=change)


def plain(heading: str, key: str, show: Callable[..., str] = words.text) -> Column:
    """A column of short text or of dates."""
    return Column(heading, (key,), show)


def percent(heading: str, key: str) -> Column:
    """A column of shares."""
    return Column(heading, (key,), words.percent)


def bar(heading: str, key: str) -> Column:
    """A column of numbers with bars."""
    return Column(heading, (key,), bar=True)
