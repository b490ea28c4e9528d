"""Every analysis against figures that plain Python counts in the raw files."""

import hashlib
import json
import statistics
from collections import Counter, defaultdict
from collections.abc import Hashable, Iterable
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

from common.settings import PROJECT
from support import by_hand
from support.by_hand import Play, Raw, ratio, rounded
from support.helpers import DataSet

Row = tuple[Any, ...]
Key = TypeVar("Key", bound=Hashable)

# What is known of the real data: the marts' fingerprints, and the earlier system's
# counts.
FINGERPRINTS = {
    "artists": "2fc073d6d1c42166966835c72233c5de",
    "dates": "217d1a83712e19997e7bab246e0b8473",
    "page_views": "6b8a1761eb229b545e48104c0fccb69b",
    "songplays": "789287971978d98cf2afda476299bdc2",
    "songs": "dfab359c3ede93576d8837ff89b4480b",
    "time": "2228c7cc98a88a9f9228f3f70cfb7304",
    "user_levels": "74db73b34a8c9964043241cf412c568a",
    "users": "ef7416ce610821563678b53c84cdb09e",
}
PUBLISHED = {
    "staging_events": 8056,
    "staging_songs": 14896,
    "songs": 14896,
    "artists": 10025,
    "users": 104,
    "songplays": 320,
    "time": 320,
}


def grouped(plays: list[Play], keys: list[Key]) -> dict[Key, list[Play]]:
    groups: dict[Key, list[Play]] = defaultdict(list)
    for play, key in zip(plays, keys, strict=True):
        groups[key].append(play)
    return groups


def known(plays: Iterable[Play]) -> Decimal:
    """The share of plays that the catalogue knows, in percent."""
    found = [play.song_id is not None for play in plays]
    return ratio(100 * sum(found), len(found))


def test_every_analysis_has_a_test(answers: dict[str, list[Row]]) -> None:
    modules = Path(__file__).parent.glob("test_analyses*.py")
    tested = "".join(path.read_text("utf-8") for path in modules)
    assert [name for name in answers if f'answers["{name}"]' not in tested] == []
    files = {path.stem for path in (PROJECT / "analyses").glob("*.sql")}
    assert set(answers) == files


def test_most_played_songs(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    expected = by_hand.ranked(plays, lambda play: (play.song_title, play.artist_name))
    songs = grouped(plays, [(play.song_title, play.artist_name) for play in plays])
    assert answers["most_played_songs"] == [
        (*row, known(songs[row[:2]])) for row in expected
    ]


def test_most_played_artists(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    artists = grouped(plays, [play.artist_name for play in plays])
    assert answers["most_played_artists"] == [
        (
            *row,
            len({play.song_title for play in artists[row[0]]}),
            known(artists[row[0]]),
        )
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
    states = [play.state for play in plays]
    expected = [
        (
            state,
            by_hand.listeners(all_),
            len(all_),
            len({play.location for play in all_}),
        )
        for state, all_ in grouped(plays, states).items()
    ]
    expected.sort(key=lambda row: (-row[1], -row[2], row[0]))
    assert answers["plays_by_state"] == expected


def test_free_against_paid(
    answers: dict[str, list[Row]], plays: list[Play], events: list[Raw]
) -> None:
    newest = max(play.ts for play in plays)
    seconds: Counter[str] = Counter()
    for _, level, since, until in by_hand.user_levels(events):
        end = min(newest if until is None else until, newest)
        seconds[level] += end // 1000 - min(since, newest) // 1000
    expected = []
    for level, all_ in sorted(grouped(plays, [play.level for play in plays]).items()):
        listeners = by_hand.listeners(all_)
        sessions = len({play.session_id for play in all_})
        each = Counter(play.user_id for play in all_ if play.user_id).values()
        median = rounded(Decimal(statistics.median(each)), "0.1")
        expected.append(
            (
                level,
                len(all_),
                listeners,
                sessions,
                ratio(100 * len(all_), len(plays)),
                ratio(len(all_), listeners),
                median,
                ratio(86400 * len(all_), seconds[level]),
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
        first_name, last_name, _, level, *_ = users[user]
        sessions = len({play.session_id for play in all_})
        hours = ratio(sum((play.duration for play in all_), Decimal(0)), 3600)
        expected.append(
            (user, first_name, last_name, level, len(all_), sessions, hours)
        )
    expected.sort(key=lambda row: (-row[4], -row[5], row[0]))
    assert answers["most_active_users"] == expected


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


def test_songs_per_listener(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    heard: dict[str, Counter[tuple[object, ...]]] = defaultdict(Counter)
    for play in plays:
        if play.user_id:
            heard[play.user_id][play.song_title, play.artist_name] += 1
    total = sum(all_.total() for all_ in heard.values())
    expected = []
    for least, most in [(1, 9), (10, 99), (100, None)]:
        band = [
            all_ for all_ in heard.values() if least <= len(all_) <= (most or 10**9)
        ]
        songs, played = sum(map(len, band)), sum(all_.total() for all_ in band)
        averages = (ratio(songs, len(band)), ratio(played, songs, "0.001"))
        counts = (len(band), len(heard), played, ratio(100 * played, total))
        expected.append((least, most, *counts, *averages))
    assert answers["songs_per_listener"] == expected


def test_user_agents(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    # The first that an agent names: each names those behind it, too.
    browsers = {
        "MSIE": "Internet Explorer",
        "Trident": "Internet Explorer",
        "Firefox": "Firefox",
        "Edg": "Edge",
        "OPR": "Opera",
        "Chrome": "Chrome",
        "Safari": "Safari",
    }
    platforms = {
        "iPhone": "iOS",
        "iPad": "iOS",
        "Android": "Android",
        "Windows": "Windows",
        "Macintosh": "macOS",
        "Linux": "Linux",
    }

    def first(agent: str | None, names: dict[str, str]) -> str | None:
        if agent is None:
            return None
        return next((name for part, name in names.items() if part in agent), "other")

    assert answers["user_agents"] == by_hand.ranked(
        plays,
        lambda play: (
            first(play.user_agent, browsers),
            first(play.user_agent, platforms),
        ),
    )


def test_file_history(answers: dict[str, list[Row]], data_set: DataSet) -> None:
    logs = data_set.logs
    history = answers["file_history"]
    assert [(row[1], row[2], row[3], row[8]) for row in history[: len(logs)]] == [
        (str(path), 1, "new", len(path.read_text("utf-8").splitlines()))
        for path in logs
    ]


def test_no_line_of_these_files_is_rejected(answers: dict[str, list[Row]]) -> None:
    assert answers["rejected_lines"] == []


def test_no_row_of_these_files_is_replaced(answers: dict[str, list[Row]]) -> None:
    assert answers["replaced_rows"] == []


def test_the_earlier_systems_counts_are_reproduced(
    answers: dict[str, list[Row]], events: list[Raw], catalogue: list[Raw]
) -> None:
    earlier = by_hand.earlier_system(events, catalogue)
    staging = (earlier["staging_events"], earlier["staging_songs"])
    assert answers["earlier_system_staging"] == [staging]
    assert answers["earlier_system_songs"] == [(earlier["songs"],)]
    assert answers["earlier_system_artists"] == [(earlier["artists"],)]
    assert answers["earlier_system_users"] == [(earlier["users"],)]
    assert answers["earlier_system_songplays"] == [(earlier["songplays"],)]
    assert answers["earlier_system_time"] == [(earlier["time"],)]


def test_expected_and_actual_stand_side_by_side(
    answers: dict[str, list[Row]], data_set: DataSet
) -> None:
    found = data_set.summary
    here = {name: mart["rows"] for name, mart in found["marts"].items()}
    here |= found["staging"]
    here |= {name: found["match"][name] for name in ("matched", "exact")}
    earlier = by_hand.earlier_system(data_set.events, data_set.catalogue)
    rows = answers["expected_against_actual"]
    assert {row[:2]: row[3] for row in rows} == {
        (kind, name): count
        for kind, counts in {"this_warehouse": here, "earlier_system": earlier}.items()
        for name, count in counts.items()
    }
    assert rows == sorted(rows)
    assert all(row[4] == row[3] - row[2] for row in rows)


def test_every_mart_is_what_the_raw_files_say_to_the_last_value(
    answers: dict[str, list[Row]], data_set: DataSet
) -> None:
    assert answers["mart_fingerprints"] == [
        (mart, of["rows"], of["fingerprint"])
        for mart, of in data_set.summary["marts"].items()
    ]


def test_a_count_that_is_off_fails_with_the_real_files_only(
    sample_set: DataSet, tmp_path: Path
) -> None:
    warehouse = sample_set.warehouse.copy(tmp_path)
    command = ["test", "-s", "expected_results,test_type:singular"]

    def outcome(*options: str) -> tuple[str, int]:
        # Hooks have results too.
        (result,) = (
            result
            for result in warehouse.dbt(*command, *options).result
            if result.node.resource_type == "test"
        )
        return result.status, result.failures

    assert outcome() == ("pass", 0)  # other files

    # Let these files be the expected ones.
    files = [*sample_set.logs, *sample_set.songs]
    etags = {hashlib.sha256(file.read_bytes()).hexdigest() for file in files}
    of_files = {"real_data_etags": [by_hand.set_fingerprint(etags)]}
    ours = ("--vars", json.dumps(of_files))
    found = sample_set.answers("expected_against_actual")
    rows = found["expected_against_actual"]
    off = sum(row[4] != 0 for row in rows)
    assert off > 10
    assert outcome(*ours) == ("fail", off)
    for kind, name, _, actual, _ in rows:
        warehouse.change(
            f"update expected_results set expected = {actual}"
            f" where counted_by = '{kind}' and name = '{name}'"
        )
    assert outcome(*ours) == ("pass", 0)
    warehouse.change("update expected_results set expected = 1 where name = 'exact'")
    assert outcome(*ours) == ("fail", 1)

    warehouse.change("delete from loaded_files where path like '%30-%'")
    assert outcome(*ours) == ("pass", 0)


def test_the_real_data_gives_what_is_known_of_it(real_set: DataSet) -> None:
    status = real_set.warehouse.status()
    assert status == real_set.summary
    assert {
        name: mart["fingerprint"] for name, mart in status["marts"].items()
    } == FINGERPRINTS
    assert status["load"] == {"files": 14926, "rows": 22952, "rejected": 0}
    assert status["match"] == {"plays": 6820, "matched": 341, "exact": 327}
    assert by_hand.earlier_system(real_set.events, real_set.catalogue) == PUBLISHED
    answers = real_set.answers(
        "most_played_songs", "most_active_users", "expected_against_actual"
    )
    top = ("You're The One", "Dwight Yoakam", 37)
    assert answers["most_played_songs"][0][:3] == top
    assert len(answers["most_active_users"]) == 96
    assert all(row[4] == 0 for row in answers["expected_against_actual"])
