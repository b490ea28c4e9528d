"""Every analysis against figures that plain Python counts in the real, raw files.

The real data is not part of the project. It is looked for beside it, in ../shared/data;
where it is missing these tests say so and are skipped.
"""

import json
import re
import shutil
import tarfile
from collections import Counter, defaultdict
from collections.abc import Hashable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any, TypeVar

import by_hand
import duckdb
import pytest
from by_hand import Play, Raw, ratio
from dbt.cli.main import dbtRunner

PROJECT = Path(__file__).parents[2]
REAL_DATA = PROJECT.parent / "shared" / "data"

needs_real_data = pytest.mark.skipif(
    not (REAL_DATA / "log_data.tar.gz").exists(),
    reason="the real data is not there: ../shared/data/log_data.tar.gz",
)

Row = tuple[Any, ...]
Key = TypeVar("Key", bound=Hashable)


@dataclass
class Warehouse:
    """The project on a DuckDB file of its own; dbt in this process, parsed once."""

    folder: Path
    database: Path
    manifest: Any = field(default=None, repr=False)

    def dbt(self, *command: str) -> Any:
        """What a dbt command returned, whether it succeeded or not."""
        places = {
            "--project-dir": PROJECT,
            "--profiles-dir": self.folder,
            "--target-path": self.folder / "target",
            "--log-path": self.folder / "logs",
        }
        options = [str(word) for place in places.items() for word in place]
        with pytest.MonkeyPatch.context() as environment:
            environment.setenv("SPARKIFY_DUCKDB", str(self.database))
            return dbtRunner(manifest=self.manifest).invoke(
                ["--quiet", *command, *options]
            )

    def done(self, *command: str) -> Any:
        """What a dbt command that must succeed returned."""
        answer = self.dbt(*command)
        assert answer.success, answer.exception or [
            f"{result.node.name}: {result.message}"
            for result in answer.result
            if result.status not in ("success", "pass")
        ]
        return answer.result

    def copy(self, folder: Path) -> "Warehouse":
        """Another warehouse with the same content, to be changed at will."""
        for file in self.database.parent.glob(f"{self.database.name}*"):
            shutil.copy(file, folder)  # the last changes may still be in its .wal
        return Warehouse(self.folder, folder / self.database.name, self.manifest)


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Warehouse:
    folder = tmp_path_factory.mktemp("warehouse")
    shutil.copy(PROJECT / "profiles.yml.example", folder / "profiles.yml")
    warehouse = Warehouse(folder, folder / "sparkify.duckdb")
    warehouse.manifest = warehouse.done("parse")
    return warehouse


@pytest.fixture(scope="session")
def real_files(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("real")
    for name in ("log_data", "song_data"):
        with tarfile.open(REAL_DATA / f"{name}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return folder


@pytest.fixture(scope="session")
def real_warehouse(
    empty_warehouse: Warehouse,
    real_files: Path,
    tmp_path_factory: pytest.TempPathFactory,
) -> Warehouse:
    database = tmp_path_factory.mktemp("real_warehouse") / empty_warehouse.database.name
    warehouse = Warehouse(empty_warehouse.folder, database, empty_warehouse.manifest)
    folders = {
        "events": str(real_files / "log_data"),
        "songs": str(real_files / "song_data"),
    }
    warehouse.done("run-operation", "load_staging", "--args", json.dumps(folders))
    warehouse.done("build")
    return warehouse


@pytest.fixture(scope="session")
def answers(real_warehouse: Warehouse) -> dict[str, list[Row]]:
    """The rows of every analysis, in the order that it gives them."""
    results = real_warehouse.done("show", "-s", "path:analyses", "--limit", "-1")
    return {
        result.node.name: [tuple(row) for row in result.agate_table.rows]
        for result in results
    }


@pytest.fixture(scope="session")
def events(real_files: Path) -> list[Raw]:
    return by_hand.read(real_files / "log_data")


@pytest.fixture(scope="session")
def catalogue(real_files: Path) -> list[Raw]:
    return by_hand.read(real_files / "song_data")


@pytest.fixture(scope="session")
def plays(events: list[Raw], catalogue: list[Raw]) -> list[Play]:
    return by_hand.songplays(events, catalogue)


def grouped(plays: list[Play], keys: list[Key]) -> dict[Key, list[Play]]:
    groups: dict[Key, list[Play]] = defaultdict(list)
    for play, key in zip(plays, keys, strict=True):
        groups[key].append(play)
    return groups


@needs_real_data
def test_every_analysis_has_a_test_here(answers: dict[str, list[Row]]) -> None:
    tested = Path(__file__).read_text("utf-8")
    assert [name for name in answers if f'answers["{name}"]' not in tested] == []
    files = {path.stem for path in (PROJECT / "analyses").glob("*.sql")}
    assert set(answers) == files


@needs_real_data
def test_most_played_songs(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    expected = by_hand.ranked(plays, lambda play: (play.song_title, play.artist_name))
    assert answers["most_played_songs"] == expected
    assert expected[0][:3] == ("You're The One", "Dwight Yoakam", 37)


@needs_real_data
def test_most_played_artists(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    titles = defaultdict(set)
    for play in plays:
        titles[play.artist_name].add(play.song_title)
    assert answers["most_played_artists"] == [
        (*row, len(titles[row[0]]))
        for row in by_hand.ranked(plays, lambda play: (play.artist_name,))
    ]


@needs_real_data
def test_plays_by_hour(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    hours = grouped(plays, [play.moment.hour for play in plays])
    assert answers["plays_by_hour"] == [
        (hour, len(all_), by_hand.listeners(all_), ratio(100 * len(all_), len(plays)))
        for hour, all_ in sorted(hours.items())
    ]


@needs_real_data
def test_plays_by_weekday(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    weekdays = grouped(plays, [play.moment.isoweekday() % 7 for play in plays])
    expected = []
    for weekday, all_ in sorted(weekdays.items()):
        days = len({play.moment.date() for play in all_})
        name = all_[0].moment.strftime("%A")
        counts = (len(all_), by_hand.listeners(all_), days)
        expected.append((weekday, name, *counts, ratio(len(all_), days)))
    assert answers["plays_by_weekday"] == expected


@needs_real_data
def test_plays_by_location(answers: dict[str, list[Row]], plays: list[Play]) -> None:
    expected = by_hand.ranked(plays, lambda play: (play.location,))
    assert answers["plays_by_location"] == [
        (*str(location).split(", "), plays, listeners)
        for location, plays, listeners in expected
    ]


@needs_real_data
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


@needs_real_data
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


@needs_real_data
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


@needs_real_data
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


@needs_real_data
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


@needs_real_data
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


@needs_real_data
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


@needs_real_data
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


@needs_real_data
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


@needs_real_data
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


@needs_real_data
def test_a_count_that_is_off_fails_with_the_real_files_only(
    real_warehouse: Warehouse, tmp_path: Path
) -> None:
    warehouse = real_warehouse.copy(tmp_path)
    command = ("test", "-s", "expected_results,test_type:singular")
    with duckdb.connect(str(warehouse.database)) as database:
        database.execute(
            "update expected_results set expected = 1 where name = 'exact'"
        )
    *_, result = warehouse.dbt(*command).result
    assert (result.status, result.failures) == ("fail", 1)

    with duckdb.connect(str(warehouse.database)) as database:
        database.execute(
            "delete from main_staging.loaded_files where path like '%30-%'"
        )
    *_, result = warehouse.dbt(*command).result
    assert (result.status, result.failures) == ("pass", 0)


@needs_real_data
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


FREE: Row = ("8", "free", datetime(2018, 11, 1, 20, 57, 10, 796000), None, True)
PAID: Row = (
    "9",
    "paid",
    datetime(1969, 12, 31, 23, 59, 59, 999000),
    datetime(2018, 11, 2),
    False,
)
SONG: Row = ("SO1", "Café", "AR1", 1999, Decimal("-0.50000"))
NEW_SONG: Row = ("SO2", "", None, None, None)


class Fingerprints:
    """The project's own SQL for a mart's fingerprint, run over rows made here."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.sql: dict[str, str] = {}
        self.table: dict[str, str] = {}
        for mart in ("songs", "user_levels"):
            inline = f"{{{{ mart_fingerprint('{mart}') }}}}"
            [result] = warehouse.done("compile", "--inline", inline)
            self.sql[mart] = result.node.compiled_code
            columns = warehouse.manifest.nodes[f"model.sparkify.{mart}"].columns
            typed = (f"{name} {of.data_type}" for name, of in columns.items())
            self.table[mart] = f"create table {mart} ({', '.join(typed)})"

    def of(self, mart: str, *rows: Row) -> str:
        """The fingerprint of a mart that holds just these rows, in this order."""
        with duckdb.connect() as database:
            database.execute("attach ':memory:' as sparkify; use sparkify")
            database.execute(self.table[mart])
            for row in rows:
                places = ", ".join("?" * len(row))
                database.execute(f"insert into {mart} values ({places})", row)
            [(count, fingerprint)] = database.execute(self.sql[mart]).fetchall()
        assert count == len(rows)
        return str(fingerprint)


@pytest.fixture(scope="session")
def fingerprints(empty_warehouse: Warehouse) -> Fingerprints:
    return Fingerprints(empty_warehouse)


@pytest.mark.parametrize(
    ("mart", "rows"),
    [
        ("user_levels", []),
        ("user_levels", [FREE, PAID]),
        ("songs", [SONG, NEW_SONG, SONG]),
    ],
)
def test_a_fingerprint_is_what_its_definition_says(
    fingerprints: Fingerprints, mart: str, rows: list[Row]
) -> None:
    assert fingerprints.of(mart, *rows) == by_hand.fingerprint(rows)


def test_the_order_of_rows_is_no_part_of_a_fingerprint(
    fingerprints: Fingerprints,
) -> None:
    forth = fingerprints.of("user_levels", FREE, PAID)
    assert forth == fingerprints.of("user_levels", PAID, FREE)


@pytest.mark.parametrize(
    ("mart", "row", "other"),
    [
        pytest.param("songs", SONG, ("SO1", "Cafe", *SONG[2:]), id="a text"),
        pytest.param("songs", SONG, (*SONG[:3], 2000, SONG[4]), id="a number"),
        pytest.param("songs", SONG, (*SONG[:4], Decimal("0.5")), id="a decimal"),
        pytest.param(
            "user_levels",
            FREE,
            (*FREE[:2], FREE[2] + timedelta(milliseconds=1), *FREE[3:]),
            id="a millisecond",
        ),
        pytest.param("user_levels", FREE, (*FREE[:4], False), id="a boolean"),
        pytest.param(
            "songs", NEW_SONG, ("SO2", None, *NEW_SONG[2:]), id="null and empty text"
        ),
        pytest.param(
            "songs", NEW_SONG, ("SO2", None, "", *NEW_SONG[3:]), id="null moved"
        ),
        pytest.param(
            "songs", SONG, ("Café", "SO1", *SONG[2:]), id="two columns swapped"
        ),
        pytest.param(
            "songs", SONG, ("SO1C", "afé", *SONG[2:]), id="text moved to its neighbour"
        ),
    ],
)
def test_a_changed_value_changes_the_fingerprint(
    fingerprints: Fingerprints, mart: str, row: Row, other: Row
) -> None:
    assert fingerprints.of(mart, row) != fingerprints.of(mart, other)


def test_values_that_change_rows_change_the_fingerprint(
    fingerprints: Fingerprints,
) -> None:
    swapped = [(SONG[0], *NEW_SONG[1:]), (NEW_SONG[0], *SONG[1:])]
    assert fingerprints.of("songs", SONG, NEW_SONG) != fingerprints.of(
        "songs", *swapped
    )
    assert fingerprints.of("songs", SONG) != fingerprints.of("songs", SONG, SONG)


def test_a_mart_without_a_contract_has_no_fingerprint(
    empty_warehouse: Warehouse,
) -> None:
    answer = empty_warehouse.dbt(
        "compile", "--inline", "{{ contract_row_text('stg_events') }}"
    )
    assert "stg_events has no contract, so it has no fingerprint" in str(
        answer.exception
    )
