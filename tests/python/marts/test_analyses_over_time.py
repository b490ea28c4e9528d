"""The analyses over time and in bands against figures that plain Python counts."""

from collections import Counter, defaultdict
from collections.abc import Callable
from datetime import date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from support import by_hand
from support.by_hand import Play, Raw, ratio

Row = tuple[Any, ...]


def day(play: Play) -> date:
    return play.moment.date()


def week(play: Play) -> date:
    return monday(play.moment)


def monday(at: datetime) -> date:
    return at.date() - timedelta(days=at.weekday())


def by(plays: list[Play], key: Callable[[Play], date]) -> dict[date, list[Play]]:
    """Plays by a date, in its order."""
    groups: dict[date, list[Play]] = defaultdict(list)
    for play in sorted(plays, key=lambda play: play.ts):
        groups[key(play)].append(play)
    return groups


def test_headline(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    first, last = min(map(day, plays)), max(map(day, plays))

    def counted(period: str, since: date, until: date) -> Row:
        these = [play for play in plays if since <= day(play) <= until]
        seconds = sum((play.duration for play in these), Decimal(0))
        return (
            period,
            since,
            until,
            (until - since).days + 1,
            len(these),
            by_hand.listeners(these),
            ratio(seconds, 3600),
            len({play.session_id for play in these}),
            ratio(100 * sum(play.level == "paid" for play in these), len(these)),
            ratio(100 * sum(bool(play.song_id) for play in these), len(these)),
            max(play.moment for play in plays),
        )

    days = timedelta(days=1)
    assert answers["headline"] == [
        counted("all", first, last),
        counted("last 7 days", last - 6 * days, last),
        counted("7 days before", last - 13 * days, last - 7 * days),
    ]


@pytest.mark.parametrize(
    ("name", "key"), [("plays_by_day", day), ("plays_by_week", week)]
)
# answers["plays_by_day"], answers["plays_by_week"]
def test_plays_over_time(
    answers: dict[str, list[Row]],
    plays: list[Play],
    name: str,
    key: Callable[[Play], date],
) -> None:
    groups = by(plays, key)
    places = sorted(groups, key=lambda at: (-len(groups[at]), at))
    expected = []
    for at, all_ in groups.items():
        levels = Counter(play.level for play in all_)
        counts = (len(all_), levels["paid"], levels["free"], by_hand.listeners(all_))
        expected.append((at, *counts, places.index(at) + 1))
    assert answers[name] == expected


def test_plays_by_weekday_and_hour(
    answers: dict[str, list[Row]], plays: list[Play]
) -> None:
    days: dict[int, set[date]] = defaultdict(set)
    hours: dict[tuple[int, int], list[Play]] = defaultdict(list)
    for play in plays:
        days[play.moment.isoweekday()].add(day(play))
        hours[play.moment.isoweekday(), play.moment.hour].append(play)
    averages = {
        at: ratio(len(all_), len(days[at[0]])) for at, all_ in sorted(hours.items())
    }
    places = sorted(hours, key=lambda at: (-averages[at], -len(hours[at]), at))
    assert answers["plays_by_weekday_and_hour"] == [
        (
            at[0] % 7,
            hours[at][0].moment.strftime("%A"),
            at[1],
            len(hours[at]),
            by_hand.listeners(hours[at]),
            len(days[at[0]]),
            average,
            places.index(at) + 1,
        )
        for at, average in averages.items()
    ]


def test_session_sizes(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    sizes = Counter(play.session_id for play in plays).values()
    bands = [(1, 1), (2, 5), (6, 10), (11, 20), (21, 50), (51, None)]
    expected = []
    for least, most in bands:
        band = [size for size in sizes if least <= size <= (most or size)]
        share = ratio(100 * len(band), len(sizes))
        if band:
            expected.append((least, most, len(band), len(sizes), sum(band), share))
    assert answers["session_sizes"] == expected


def test_listeners_by_week(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    known: set[str] = set()
    expected = []
    for at, all_ in by(plays, week).items():
        these = {play.user_id for play in all_ if play.user_id}
        expected.append((at, len(these), len(these - known), len(these & known)))
        known |= these
    assert answers["listeners_by_week"] == [row for row in expected if row[1]]


def test_level_changes_by_week(
    answers: dict[str, list[Row]], events: list[Raw]
) -> None:
    changes = [
        (monday(by_hand.moment(at)), level)
        for (user, *_), (other, level, at, _) in pairwise(by_hand.user_levels(events))
        if user == other
    ]
    total: Counter[str] = Counter()
    expected = []
    for at in sorted({at for at, _ in changes}):
        levels = Counter(level for when, level in changes if when == at)
        total += levels
        ups_and_downs = (levels["paid"], levels["free"], total["paid"], total["free"])
        expected.append((at, *ups_and_downs))
    assert answers["level_changes_by_week"] == expected


@pytest.mark.parametrize(("name", "key"), [("day", day), ("week", week)])
# answers["catalogue_coverage_by_day"], answers["catalogue_coverage_by_week"]
def test_catalogue_coverage_over_time(
    answers: dict[str, list[Row]],
    plays: list[Play],
    name: str,
    key: Callable[[Play], date],
) -> None:
    expected = []
    for at, all_ in by(plays, key).items():
        how = Counter(play.song_match for play in all_)
        matched = how["exact"] + how["title and artist"]
        share = ratio(100 * matched, len(all_))
        expected.append((at, len(all_), matched, how["exact"], share))
    assert answers[f"catalogue_coverage_by_{name}"] == expected
