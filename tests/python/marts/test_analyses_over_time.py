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

    def counted(since: date, until: date) -> list[Decimal]:
        these = [play for play in plays if since <= day(play) <= until]
        return [
            Decimal(len(these)),
            Decimal(by_hand.listeners(these)),
            sum((play.duration for play in these), Decimal(0)),
            Decimal(len({play.session_id for play in these})),
            Decimal(sum(play.level == "paid" for play in these)),
            Decimal(sum(bool(play.song_id) for play in these)),
        ]

    def row(period: str, since: date, until: date, each: list[list[Decimal]]) -> Row:
        added = [sum(figures, Decimal(0)) for figures in zip(*each, strict=True)]
        plays, listeners, seconds, sessions, paid, matched = added
        return (
            *(period, since, until, (until - since).days + 1),
            *(int(ratio(figure, len(each), "1")) for figure in (plays, listeners)),
            ratio(seconds, 3600 * len(each)),
            int(ratio(sessions, len(each), "1")),
            *(ratio(100 * figure, int(plays)) for figure in (paid, matched)),
        )

    def week_ago(weeks: int) -> tuple[date, date]:
        until = last - timedelta(days=7 * weeks)
        return until - timedelta(days=6), until

    newest = max(play.moment for play in plays)
    before = [week_ago(weeks) for weeks in range(1, 5) if week_ago(weeks)[0] >= first]
    this, others = counted(*week_ago(0)), [counted(*one) for one in before]
    averages: list[Any] = [
        sum(all_) / len(others) for all_ in zip(*others, strict=True)
    ]
    changes = [
        by_hand.rounded(100 * (now / average - 1), "0.1")
        for now, average in zip(this[:4], averages, strict=False)
    ]
    nothing = [None] * 4
    assert answers["headline"] == [
        (*row("all", first, last, [counted(first, last)]), *nothing, newest),
        (*row("last 7 days", *week_ago(0), [this]), *changes, newest),
        (
            *row("average week before", before[-1][0], before[0][1], others),
            *(*nothing, newest),
        ),
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
        at: ratio(len({(day(play), play.user_id) for play in all_}), len(days[at[0]]))
        for at, all_ in sorted(hours.items())
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
            ratio(len(hours[at]), len(days[at[0]])),
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
    days = [row[0] for row in by_hand.dates(events)]
    changes = [
        (monday(by_hand.moment(at)), level)
        for (user, *_), (other, level, at, _) in pairwise(by_hand.user_levels(events))
        if user == other
    ]
    total: Counter[str] = Counter()
    expected = []
    for at in sorted({at - timedelta(days=at.weekday()) for at in days}):
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
