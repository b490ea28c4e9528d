"""How values of the warehouse are written on the page: in English, times in UTC."""

from datetime import date
from typing import Any

from markupsafe import Markup

Row = dict[str, Any]

NONE = "–"  # noqa: RUF001 - a dash where there is no number


def text(value: Any) -> str:
    """Any value as text; null is unknown."""
    return "unknown" if value is None else str(value)


def number(value: Any) -> str:
    """A number with commas between thousands."""
    return NONE if value is None else f"{value:,}"


def percent(value: Any) -> str:
    """A share, which the warehouse gives in percent."""
    return NONE if value is None else f"{value:,}%"


def count(value: Any, thing: str) -> str:
    """So many things: `1 play`, `2 plays`."""
    return f"{number(value)} {thing}{'' if value == 1 else 's'}"


def plays(row: dict[str, Any]) -> str:
    """A row's plays and listeners: `2 plays by 1 listener`."""
    return f"{count(row['plays'], 'play')} by {count(row['listeners'], 'listener')}"


def moved(value: Any) -> str:
    """A change in percent, in words: `grew by 14.6%`."""
    if not value:
        return "did not change"
    return f"{'grew' if value > 0 else 'fell'} by {number(abs(value))}%"


def band(low: int, high: int | None) -> str:
    """A range of whole numbers: `1`, `2 to 5`, `51 or more`."""
    if high is None:
        return f"{number(low)} or more"
    return number(low) if low == high else f"{number(low)} to {number(high)}"


def day(value: date) -> str:
    """A day in full: `5 November 2018`."""
    return f"{value.day} {value:%B} {value.year}"


def short_day(value: date) -> str:
    """A day for a table: `5 Nov 2018`."""
    return f"{value.day} {value:%b} {value.year}"


def period(first: date, last: date) -> str:
    """A stretch of days: `3 to 23 November 2018`."""
    if first == last:
        return day(first)
    if (first.year, first.month) == (last.year, last.month):
        return f"{first.day} to {day(last)}"
    return f"{day(first)} to {day(last)}"


def change(value: Any) -> str:
    """A change in percent, with its sign: `+14.6%`."""
    return NONE if value is None else f"{value:+,}%"


def name(value: Any) -> Markup:
    """A name from outside, kept apart from the text around it whatever its script."""
    return Markup("<bdi>{}</bdi>").format(text(value))


def heading(key: str) -> str:
    """What a table calls a column: `percent_of_plays` is `share of plays`."""
    if key.endswith("_from"):  # a band, which needs no word of its own
        return {"songs_from": "songs heard", "plays_from": "songs in it"}[key]
    words = key.removesuffix("_at").replace("percent", "share").replace("_", " ")
    return words.replace("matched", "in the catalogue").removesuffix(" id")


def shown(row: Row, key: str) -> str:
    """A value as a table has it, by the name and the type of its column."""
    value = row[key]
    if key.endswith("_from"):
        return band(value, row[key.replace("_from", "_to")])
    if key.startswith("percent_"):
        return percent(value)
    if isinstance(value, date):
        return short_day(value)
    return name(value) if value is None or isinstance(value, str) else number(value)
