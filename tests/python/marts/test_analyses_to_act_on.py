"""The analyses that say what to do next, against figures that plain Python counts."""

from collections import Counter, defaultdict
from collections.abc import Iterable
from datetime import date, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

from support import by_hand
from support.by_hand import Play, Raw, ratio
from support.helpers import DataSet

Row = tuple[Any, ...]


def monday(play: Play) -> date:
    day = play.moment.date()
    return day - timedelta(days=day.weekday())


def missing(plays: list[Play]) -> list[Row]:
    """Title, artist, plays and listeners of the songs that the catalogue lacks."""
    lacking = [play for play in plays if play.song_id is None]
    return by_hand.ranked(lacking, lambda play: (play.song_title, play.artist_name))


def test_what_to_license(
    answers: dict[str, list[Row]], plays: list[Play], catalogue: list[Raw]
) -> None:
    songs = missing(plays)
    assert answers["songs_to_license"] == songs
    known = {by_hand.clean(raw["artist_name"]) for raw in catalogue}
    unknown = [play for play in plays if play.artist_name not in known]
    assert answers["artists_to_license"] == [
        (*row, len({play.song_title for play in unknown if play.artist_name == row[0]}))
        for row in by_hand.ranked(unknown, lambda play: (play.artist_name,))
    ]
    total = sum(row[2] for row in songs)
    expected = []
    for size in (10, 100, 1000):
        added = sum(row[2] for row in songs[:size])
        shares = (ratio(100 * added, total), ratio(100 * added, len(plays)))
        expected.append((size, added, total, *shares))
    assert answers["license_shares"] == expected


def test_upgrade_funnel(answers: dict[str, list[Row]], events: list[Raw]) -> None:
    users: dict[str | None, set[str]] = defaultdict(set)
    for raw in events:
        if user := raw["userId"]:
            users[raw["page"]].add(user)
    expected = []
    for change in ("Upgrade", "Downgrade"):
        saw, submitted = (
            len(users[change]),
            len(users[change] & users[f"Submit {change}"]),
        )
        share = ratio(100 * submitted, saw) if saw else None
        expected.append((change.lower(), saw, submitted, share))
    assert answers["upgrade_funnel"] == expected


def test_weekly_retention(
    answers: dict[str, list[Row]], plays: list[Play], events: list[Raw]
) -> None:
    first, *_, last = (day for day, *_ in by_hand.dates(events))
    first_week = first - timedelta(days=first.weekday())
    weeks: dict[str, set[date]] = defaultdict(set)
    for play in plays:
        if play.user_id:
            weeks[play.user_id].add(monday(play))
    cohorts = Counter(map(min, weeks.values()))
    expected = []
    for cohort, size in sorted(cohorts.items(), reverse=True):
        later, week = 0, cohort
        while week <= last:
            back = sum(min(all_) == cohort and week in all_ for all_ in weeks.values())
            share = ratio(100 * back, size)
            expected.append((cohort, cohort == first_week, size, later, back, share))
            later, week = later + 1, week + timedelta(days=7)
    assert answers["weekly_retention"] == expected


def test_inactive_listeners(
    answers: dict[str, list[Row]], plays: list[Play], events: list[Raw]
) -> None:
    newest = max(play.moment for play in plays).date()
    heard: dict[str, list[Play]] = defaultdict(list)
    for play in plays:
        if play.user_id:
            heard[play.user_id].append(play)
    users = by_hand.users(events)
    expected = []
    for user, all_ in heard.items():
        first_name, last_name, _, level, *_ = users[user]
        at = max(play.moment for play in all_)
        if (quiet := (newest - at.date()).days) > 6:
            expected.append((user, first_name, last_name, level, len(all_), at, quiet))
    expected.sort(key=lambda row: (-row[4], row[0]))
    paid = sum(row[3] == "paid" for row in expected)
    totals = (len(expected), paid, len(heard))
    assert answers["inactive_listeners"] == [(*row, *totals) for row in expected]


def test_songs_never_played(
    answers: dict[str, list[Row]], plays: list[Play], catalogue: list[Raw]
) -> None:
    played = {play.song_id for play in plays}
    names = {artist: name for artist, name, *_ in by_hand.artists(catalogue)}
    songs = by_hand.songs(catalogue)
    expected = sorted(
        (song, title, names[artist], year)
        for song, title, artist, year, _ in songs
        if song not in played
    )
    totals = (len(expected), len(songs))
    assert answers["songs_never_played"] == [(*row, *totals) for row in expected]


def test_artists_origins(
    answers: dict[str, list[Row]], plays: list[Play], catalogue: list[Raw]
) -> None:
    origins = {artist: at for artist, _, at, *_ in by_hand.artists(catalogue)}

    def origin(play: Play) -> str:
        if play.artist_id is None:
            return "artist not in the catalogue"
        return str(origins[play.artist_id] or "not in the catalogue")

    artists: dict[str, set[str]] = defaultdict(set)
    for play in plays:
        artists[origin(play)] |= {play.artist_id} if play.artist_id else set()
    assert answers["artists_origins"] == [
        (*row, len(artists[row[0]]))
        for row in by_hand.ranked(plays, lambda play: (origin(play),))
    ]
    assert sum(row[1] for row in answers["artists_origins"]) == len(plays)


def next_starts(plays: Iterable[Play]) -> list[tuple[Play, int | None]]:
    """Each play, and how long after it the next of its session began, in ms."""
    sessions: dict[int, list[Play]] = defaultdict(list)
    for play in sorted(plays, key=lambda play: (play.ts, play.songplay_id)):
        sessions[play.session_id].append(play)
    return [
        (play, later.ts - play.ts if later else None)
        for all_ in sessions.values()
        for play, later in pairwise([*all_, None])
        if play
    ]


def test_skips(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    starts = next_starts(plays)
    skipped = [
        (play, gap)
        for play, gap in starts
        if gap is not None and gap < int(play.duration) * 1000
    ]
    followed = sum(gap is not None for _, gap in starts)
    seconds = sum((play.duration for play in plays), Decimal(0))
    unheard = sum(
        (play.duration - Decimal(gap) / 1000 for play, gap in skipped), Decimal(0)
    )
    hours = (ratio(seconds, 3600), ratio(seconds - unheard, 3600))
    share = ratio(100 * len(skipped), followed)
    assert answers["skips"] == [(len(plays), followed, len(skipped), share, *hours)]


def test_the_real_data_gives_what_is_known_of_it(real_set: DataSet) -> None:
    names = ("license_shares", "upgrade_funnel", "weekly_retention", "skips")
    answers = real_set.answers(*names, "inactive_listeners", "songs_never_played")
    assert answers["license_shares"][1][:3] == (100, 745, 6479)
    assert [row[1:3] for row in answers["upgrade_funnel"]] == [(15, 8), (17, 1)]
    first_week = answers["weekly_retention"][-5:-1]
    assert [(row[1], row[4]) for row in first_week] == [
        *((True, 41), (True, 35), (True, 34), (True, 35))
    ]
    assert answers["skips"][0][1:3] == (6044, 0)
    assert len(answers["inactive_listeners"]) == 26
    assert len(answers["songs_never_played"]) == 14671
