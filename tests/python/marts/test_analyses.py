"""Every analysis against figures that plain Python counts in the real, raw files."""

import re
from collections import Counter, defaultdict
from collections.abc import Hashable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import pytest
from settings import PROJECT, Data
from support import by_hand
from support.by_hand import Play, Raw, ratio
from support.helpers import Warehouse

Row = tuple[Any, ...]
Key = TypeVar("Key", bound=Hashable)


@pytest.fixture(scope="session")
def answers(real_warehouse: Warehouse) -> dict[str, list[Row]]:
    """The rows of every analysis, in the order that it gives them."""
    results = real_warehouse.done("show", "-s", "path:analyses", "--limit", "-1")
    return {
        result.node.name: [tuple(row) for row in result.agate_table.rows]
        for result in results
    }


@pytest.fixture(scope="session")
def events(real_data: Data) -> list[Raw]:
    return by_hand.read(Path(real_data.events))


@pytest.fixture(scope="session")
def catalogue(real_data: Data) -> list[Raw]:
    return by_hand.read(Path(real_data.songs))


@pytest.fixture(scope="session")
def plays(events: list[Raw], catalogue: list[Raw]) -> list[Play]:
    return by_hand.songplays(events, catalogue)


def grouped(plays: list[Play], keys: list[Key]) -> dict[Key, list[Play]]:
    groups: dict[Key, list[Play]] = defaultdict(list)
    for play, key in zip(plays, keys, strict=True):
        groups[key].append(play)
    return groups


def test_every_analysis_has_a_test_here(answers: dict[str, list[Row]]) -> None:
    tested = Path(__file__).read_text("utf-8")
    assert [name for name in answers if f'answers["{name}"]' not in tested] == []
    files = {path.stem for path in (PROJECT / "analyses").glob("*.sql")}
    assert set(answers) == files


def test_most_played_songs(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    expected = by_hand.ranked(plays, lambda play: (play.song_title, play.artist_name))
    assert answers["most_played_songs"] == expected
    assert expected[0][:3] == ("You're The One", "Dwight Yoakam", 37)


def test_most_played_artists(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    titles = defaultdict(set)
    for play in plays:
        titles[play.artist_name].add(play.song_title)
    assert answers["most_played_artists"] == [
        (*row, len(titles[row[0]]))
        for row in by_hand.ranked(plays, lambda play: (play.artist_name,))
    ]


def test_plays_by_hour(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    hours = grouped(plays, [play.moment.hour for play in plays])
    assert answers["plays_by_hour"] == [
        (hour, len(all_), by_hand.listeners(all_), ratio(100 * len(all_), len(plays)))
        for hour, all_ in sorted(hours.items())
    ]


def test_plays_by_weekday(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    weekdays = grouped(plays, [play.moment.isoweekday() % 7 for play in plays])
    expected = []
    for weekday, all_ in sorted(weekdays.items()):
        days = len({play.moment.date() for play in all_})
        name = all_[0].moment.strftime("%A")
        counts = (len(all_), by_hand.listeners(all_), days)
        expected.append((weekday, name, *counts, ratio(len(all_), days)))
    assert answers["plays_by_weekday"] == expected


def test_plays_by_location(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    expected = by_hand.ranked(plays, lambda play: (play.location,))
    assert answers["plays_by_location"] == [
        (*str(location).split(", "), plays, listeners)
        for location, plays, listeners in expected
    ]


def test_plays_by_state(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    states = [re.sub(r".*, ([A-Z]{2}).*", r"\1", str(play.location)) for play in plays]
    expected = [
        (
            state,
            len(all_),
            by_hand.listeners(all_),
            len({play.location for play in all_}),
        )
        for state, all_ in grouped(plays, states).items()
    ]
    expected.sort(key=lambda row: (-row[1], -row[2], row[0]))
    assert answers["plays_by_state"] == expected


def test_free_against_paid(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    expected = []
    for level, all_ in sorted(grouped(plays, [play.level for play in plays]).items()):
        listeners = by_hand.listeners(all_)
        sessions = len({play.session_id for play in all_})
        expected.append(
            (
                level,
                len(all_),
                listeners,
                sessions,
                ratio(100 * len(all_), len(plays)),
                ratio(len(all_), listeners),
                ratio(len(all_), sessions),
            )
        )
    assert answers["free_against_paid"] == expected


def test_sessions(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    sessions = grouped(plays, [play.session_id for play in plays])
    assert all(len({play.user_id for play in all_}) == 1 for all_ in sessions.values())
    times = [sorted(play.ts for play in all_) for all_ in sessions.values()]
    lengths = [all_[-1] - all_[0] for all_ in times]
    assert answers["sessions"] == [
        (
            len(sessions),
            len(plays),
            ratio(len(plays), len(sessions)),
            max(map(len, times)),
            ratio(sum(lengths), 60_000 * len(sessions)),
            ratio(max(lengths), 60_000),
            sum(len(all_) == 1 for all_ in times),
        )
    ]


def test_most_active_users(
    answers: dict[str, list[Row]], plays: list[Play], events: list[Raw]
) -> None:
    users = by_hand.users(events)
    expected = []
    for user, all_ in grouped(plays, [play.user_id for play in plays]).items():
        if user is None:
            continue
        first_name, last_name, _, level = users[user]
        sessions = len({play.session_id for play in all_})
        hours = ratio(sum((play.duration for play in all_), Decimal(0)), 3600)
        expected.append(
            (user, first_name, last_name, level, len(all_), sessions, hours)
        )
    expected.sort(key=lambda row: (-row[4], -row[5], row[0]))
    assert answers["most_active_users"] == expected
    assert len(expected) == 96


def test_catalogue_coverage_by_day(
    answers: dict[str, list[Row]], plays: list[Play]
) -> None:
    days = grouped(plays, [play.moment.date() for play in plays])
    expected = []
    for day, all_ in sorted(days.items()):
        how = Counter(play.song_match for play in all_)
        matched = len(all_) - how[None]
        share = ratio(100 * matched, len(all_))
        expected.append((day, len(all_), matched, how["exact"], share))
    assert answers["catalogue_coverage_by_day"] == expected
    assert sum(row[2] for row in expected) == 341
    assert sum(row[3] for row in expected) == 327


def test_level_changes(answers: dict[str, list[Row]], events: list[Raw]) -> None:
    names = {"paid": "upgrade", "free": "downgrade"}
    expected = [
        (user, old, new, names[new], by_hand.moment(at))
        for (user, old, *_), (other, new, at, _) in pairwise(
            by_hand.user_levels(events)
        )
        if user == other
    ]
    assert answers["level_changes"] == sorted(
        expected, key=lambda row: (row[-1], row[0])
    )
    assert len(expected) == 106 - 97


def test_songs_per_listener(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    heard: dict[str, Counter[tuple[object, ...]]] = defaultdict(Counter)
    for play in plays:
        if play.user_id:
            heard[play.user_id][play.song_title, play.artist_name] += 1
    expected = []
    for least, most in [(1, 9), (10, 99), (100, None)]:
        band = [
            all_ for all_ in heard.values() if least <= len(all_) <= (most or 10**9)
        ]
        songs, played = sum(map(len, band)), sum(all_.total() for all_ in band)
        averages = (ratio(songs, len(band)), ratio(played, songs, "0.001"))
        expected.append((least, most, len(band), played, *averages))
    assert answers["songs_per_listener"] == expected


def test_user_agents(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    def browser(agent: str) -> str:
        names = re.findall(r"MSIE|Trident|Firefox|Chrome|Safari", agent)
        found = {"MSIE": "Internet Explorer", "Trident": "Internet Explorer"}
        return found.get(names[0], str(names[0]))

    def platform(agent: str) -> str:
        systems = re.findall(r"iPhone|Windows|Macintosh|Linux", agent)
        return {"iPhone": "iOS", "Macintosh": "macOS"}.get(systems[0], str(systems[0]))

    assert answers["user_agents"] == by_hand.ranked(
        plays,
        lambda play: (browser(play.user_agent or ""), platform(play.user_agent or "")),
    )


def test_file_history(answers: dict[str, list[Row]], real_data: Data) -> None:
    logs = sorted(Path(real_data.events).rglob("*.json"))
    history = answers["file_history"]
    assert [(row[1], row[2], row[3], row[8]) for row in history[: len(logs)]] == [
        (str(path), 1, "new", len(path.read_text("utf-8").splitlines()))
        for path in logs
    ]


def test_the_published_counts_are_reproduced(
    answers: dict[str, list[Row]], events: list[Raw], catalogue: list[Raw]
) -> None:
    published = by_hand.published(events, catalogue)
    assert published == {
        "staging_events": 8056,
        "staging_songs": 14896,
        "songs": 14896,
        "artists": 10025,
        "users": 104,
        "songplays": 320,
        "time": 320,
    }
    staging = (published["staging_events"], published["staging_songs"])
    assert answers["published_staging"] == [staging]
    assert answers["published_songs"] == [(published["songs"],)]
    assert answers["published_artists"] == [(published["artists"],)]
    assert answers["published_users"] == [(published["users"],)]
    assert answers["published_songplays"] == [(published["songplays"],)]
    assert answers["published_time"] == [(published["time"],)]


def test_expected_and_actual_are_one(
    answers: dict[str, list[Row]],
    plays: list[Play],
    events: list[Raw],
    catalogue: list[Raw],
) -> None:
    keyed = {
        "staging_events": len(events),
        "staging_songs": len(catalogue),
        "songplays": len({play.songplay_id for play in plays}),
        "users": len(by_hand.users(events)),
        "songs": len({raw["song_id"] for raw in catalogue}),
        "artists": len({raw["artist_id"] for raw in catalogue}),
        "time": len({play.ts for play in plays}),
        "user_levels": len(by_hand.user_levels(events)),
        "matched": sum(play.song_match is not None for play in plays),
        "exact": sum(play.song_match == "exact" for play in plays),
    }
    kinds = {"keyed": keyed, "published": by_hand.published(events, catalogue)}
    assert answers["expected_against_actual"] == [
        (kind, name, count, count, 0)
        for kind, counts in kinds.items()
        for name, count in sorted(counts.items())
    ]


def test_a_count_that_is_off_fails_with_the_real_files_only(
    real_warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse = real_warehouse.copy(tmp_path)
    command = ("test", "-s", "expected_results,test_type:singular")

    def outcome() -> tuple[str, int]:
        # Hooks have results too.
        (result,) = (
            result
            for result in warehouse.dbt(*command).result
            if result.node.resource_type == "test"
        )
        return result.status, result.failures

    warehouse.change("update expected_results set expected = 1 where name = 'exact'")
    assert outcome() == ("fail", 1)

    warehouse.change("delete from loaded_files where path like '%30-%'")
    assert outcome() == ("pass", 0)


def test_every_mart_is_what_the_raw_files_say_to_the_last_value(
    answers: dict[str, list[Row]],
    plays: list[Play],
    events: list[Raw],
    catalogue: list[Raw],
) -> None:
    marts: dict[str, list[Any]] = {
        "songplays": [tuple(vars(play).values()) for play in plays],
        "users": [(user, *of) for user, of in by_hand.users(events).items()],
        "songs": by_hand.songs(catalogue),
        "artists": by_hand.artists(catalogue),
        "time": [by_hand.calendar(ts) for ts in {play.ts for play in plays}],
        "user_levels": [
            (*spell, spell[-1] is None) for spell in by_hand.user_levels(events)
        ],
    }
    assert answers["mart_fingerprints"] == [
        (mart, len(rows), by_hand.fingerprint(rows)) for mart, rows in marts.items()
    ]
