"""The page's first sentences: what changed, what to license, who went quiet."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from insights_page import answers
from insights_page.charts import Row
from insights_page.words import count, name, number


@dataclass(frozen=True)
class Finding:
    """What it is about, a sentence, and the analysis that shows more."""

    title: str
    text: str
    analysis: str


def findings(
    rows: Mapping[str, list[Row]], plays_over_time: str, nobody: str
) -> list[Finding]:
    """Three sentences from the rows of the analyses; none where nothing was played."""
    headline = rows["headline"]
    if not headline[0]["plays"]:
        return []
    quiet = rows["inactive_listeners"]
    went_quiet = (
        answers.quiet(quiet)
        if quiet
        else "Every listener has played in the last 7 days."
        if headline[0]["listeners"]
        else nobody
    )
    return [
        Finding("What changed", _grew(headline), plays_over_time),
        Finding("What to license", _license(rows), "license_shares"),
        Finding("Who went quiet", went_quiet, "inactive_listeners"),
    ]


def _grew(rows: list[Row]) -> str:
    if len(rows) < 3:
        return "These logs hold no two whole weeks to compare yet."
    _, last, before = rows
    return (
        f"Plays {_moved(last['plays_percent_change'])} and listeners"
        f" {_moved(last['listeners_percent_change'])} against an average week before:"
        f" {count(last['plays'], 'play')} against {number(before['plays'])}."
    )


def _moved(change: Any) -> str:
    if not change:
        return "did not change"
    return f"{'grew' if change > 0 else 'fell'} by {number(abs(change))}%"


def _license(rows: Mapping[str, list[Row]]) -> str:
    if not rows["license_shares"]:
        return "Nothing: the catalogue has every song that was played."
    song = rows["songs_to_license"][0]
    return Markup("{} The first: {} by {}.").format(
        answers.licensing(rows["license_shares"]),
        name(song["song_title"]),
        name(song["artist_name"]),
    )
