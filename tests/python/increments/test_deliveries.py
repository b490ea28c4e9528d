"""However the files arrive, the marts come out the same."""

import hashlib
import json
import os
import random
from pathlib import Path

import pytest
from common.settings import Data
from support.helpers import DataSet, Sources, Warehouse, event, song


def linked(files: list[Path], folder: Path) -> str:
    """A folder with just these files."""
    folder.mkdir()
    for file in files:
        os.link(file, folder / file.name)
    return str(folder)


# The real data's thousands of files take a minute.
both = pytest.mark.parametrize(
    "data_set",
    ["sample", pytest.param("real", marks=pytest.mark.long)],
    indirect=True,
)


def load_and_run(warehouse: Warehouse, data: Data) -> None:
    """A load and its increment, without the data tests, which take most of the time."""
    warehouse.load(data)
    warehouse.done("run")


@both
def test_split_shuffled_and_late_deliveries_equal_a_single_load(
    warehouse: Warehouse, data_set: DataSet, tmp_path: Path
) -> None:
    days, songs = data_set.logs, list(data_set.songs)
    random.Random(0).shuffle(songs)
    # Thirds of the month, the last one first, and no more than a song with each.
    for number, third in enumerate((days[20:], days[:10], days[10:20])):
        logs = linked(third, tmp_path / f"logs{number}")
        first_song = linked([songs[number]], tmp_path / f"song{number}")
        load_and_run(warehouse, Data(logs, first_song))
    found, all_found = warehouse.status()["match"], data_set.summary["match"]
    assert found["matched"] < all_found["matched"] / 10
    for number in range(2):
        late = linked(songs[3 + number :: 2], tmp_path / f"songs{number}")
        load_and_run(warehouse, Data(logs, late))
    files = warehouse.value("select count(*) from loaded_files")
    assert files == data_set.summary["load"]["files"]
    assert warehouse.value("select count(distinct _load_id) from songplays") > 3
    assert warehouse.fingerprints() == data_set.warehouse.fingerprints()


@pytest.mark.long
def test_thirty_shuffled_days_and_songs_in_seven_parts_equal_a_single_load(
    warehouse: Warehouse, data_set: DataSet, tmp_path: Path
) -> None:
    days, songs = list(data_set.logs), list(data_set.songs)
    shuffled = random.Random(0)
    shuffled.shuffle(days)
    shuffled.shuffle(songs)
    parts = iter(range(7))
    with_songs = {0, *shuffled.sample(range(1, 30), 6)}
    for number, day in enumerate(days):
        logs = linked([day], tmp_path / f"logs{number}")
        if number in with_songs:
            part = next(parts)
            catalogue = linked(songs[part::7], tmp_path / f"songs{part}")
        load_and_run(warehouse, Data(logs, catalogue))
    assert warehouse.value("select max(load_id) from loaded_files") == 30
    files = warehouse.value("select count(*) from loaded_files")
    assert files == data_set.summary["load"]["files"]
    assert warehouse.fingerprints() == data_set.warehouse.fingerprints()


def replaced(path: Path, old: str, new: str) -> tuple[bytes, bytes]:
    """What was in a file, and what is now that one place of it was corrected."""
    before = path.read_bytes()
    assert before.count(old.encode()) == 1
    after = before.replace(old.encode(), new.encode())
    path.unlink()  # of the real data it is but a link
    path.write_bytes(after)
    return before, after


@both
def test_a_corrected_log_and_a_corrected_song_replace_their_rows_and_no_others(
    warehouse: Warehouse, data_set: DataSet, tmp_path: Path
) -> None:
    days, songs = data_set.logs, list(data_set.songs)
    data_set.warehouse.copy(warehouse.path.parent)
    song_id, duration = warehouse.rows(
        "select song_id, duration from songplays where song_match = 'exact'"
        " order by all limit 1"
    )[0]
    length = duration.normalize()
    played = next(file for file in songs if song_id in file.read_text("utf-8"))
    logs, catalogue = tmp_path / "logs", tmp_path / "songs"
    data = Data(linked(days, logs), linked(sorted({*songs[:200], played}), catalogue))
    load_and_run(warehouse, data)
    tables = ("staging_events", "staging_songs")
    before = [set(warehouse.rows(f"select * from {table}")) for table in tables]

    # A user's latest event is what `users` shows of the user.
    lines = (logs / days[-1].name).read_text("utf-8").splitlines()
    line = [line for line in lines if json.loads(line)["userId"]][-1]
    user = json.loads(line)
    last_name = f'"lastName":"{user["lastName"]}'
    changes = {
        logs / days[-1].name: (line, line.replace(last_name, f"{last_name}-Lopez")),
        catalogue / played.name: (f":{length:f},", f":{length + 1:f},"),
    }
    versions = {path: replaced(path, *change) for path, change in changes.items()}
    assert warehouse.load(data).files == 2
    warehouse.done("run")

    old, new = versions[logs / days[-1].name]
    assert len(new) == len(old) + 6
    for table, known, rows in zip(
        tables, before, (len(new.splitlines()), 1), strict=True
    ):
        found = set(warehouse.rows(f"select * from {table}"))
        assert len(found - known) == len(known - found) == rows
        assert {row[-1] for row in found - known} == {3}
    for path, contents in versions.items():
        assert warehouse.rows(
            "select load_id, etag, bytes from loaded_files"
            f" where path = '{path}' order by load_id"
        ) == [
            (number, hashlib.sha256(content).hexdigest(), len(content))
            for number, content in enumerate(contents, start=2)
        ]
    assert warehouse.rows(
        f"select last_name from users where user_id = '{user['userId']}'"
    ) == [(f"{user['lastName']}-Lopez",)]
    assert warehouse.rows(
        "select distinct songs.duration - plays.duration, song_match"
        " from songplays as plays inner join songs using (song_id)"
        f" where song_id = '{song_id}'"
    ) == [(1, "title and artist")]
    assert equals_a_rebuild(warehouse)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Two plays of a song, and another song."""
    made = Sources(tmp_path)
    made.write_events("1.json", event(0), event(1, level="paid"))
    made.write_songs("B.json", song("SO2", title="Otra"))
    return made


def match(warehouse: Warehouse) -> list[tuple[object, ...]]:
    """Which song the plays found, and how."""
    return warehouse.rows(
        "select distinct song_id, artist_id, song_match from songplays"
    )


def equals_a_rebuild(warehouse: Warehouse) -> bool:
    """Whether the marts are what `--full-refresh` makes of the same staging tables."""
    increments = warehouse.fingerprints()
    warehouse.done("run", "--full-refresh")
    return warehouse.fingerprints() == increments


def test_late_and_corrected_songs_change_old_plays(
    warehouse: Warehouse, sources: Sources
) -> None:
    def deliver(*songs: tuple[str, dict[str, object]]) -> list[tuple[object, ...]]:
        for name, content in songs:
            sources.write_songs(name, content)
        warehouse.load(sources.data)
        warehouse.done("run", "-s", "+songplays")
        return match(warehouse)

    assert deliver() == [(None, "AR1", "artist")]
    late = song("SO3", duration=199.5)
    assert deliver(("C.json", late)) == [("SO3", "AR1", "title and artist")]
    closer = song("SO4", artist_id="AR2")
    assert deliver(("D.json", closer)) == [("SO4", "AR2", "exact")]
    elsewhere = closer | {"artist_id": "AR3"}
    assert deliver(("D.json", elsewhere)) == [("SO4", "AR3", "exact")]
    renamed = closer | {"title": "Eras"}
    assert deliver(("D.json", renamed)) == [("SO3", "AR1", "title and artist")]
    assert deliver(("C.json", late | {"title": "Eros"})) == [(None, None, None)]
    assert deliver(("D.json", closer)) == [("SO4", "AR2", "exact")]
    warehouse.done("run")
    assert equals_a_rebuild(warehouse)


def test_songs_and_artists_that_did_not_change_are_not_written(
    warehouse: Warehouse, sources: Sources
) -> None:
    def catalogue(*numbers: int) -> list[dict[str, object]]:
        return [
            song(f"SO{at}", title=f"T{at}", artist_id=f"AR{at}", artist_name=f"{at}")
            for at in numbers
        ]

    def in_order() -> list[list[tuple[object, ...]]]:
        # DuckDB keeps the order of rows and appends those that are written.
        return warehouse.answers(
            "select song_id, artist_id from songs order by rowid",
            "select artist_id, name from artists order by rowid",
        )

    sources.write_songs("A.json", *catalogue(*range(100, 150)))
    load_and_run(warehouse, sources.data)
    # To write these rows again would repair them.
    warehouse.change("update songs set year = 1 where song_id = 'SO149'")
    warehouse.change("update artists set latitude = 1 where artist_id = 'AR149'")
    damage = (
        "select count(*) from songs inner join artists using (artist_id)"
        " where songs.year = 1 and artists.latitude = 1"
    )
    sources.write_events("2.json", event(3))
    load_and_run(warehouse, sources.data)
    assert warehouse.value(damage) == 1, "a day without songs"

    warehouse.change("update artists set latitude = null where latitude = 1")
    before = in_order()
    # Nine new songs, one that AR100 loses to AR101, and 48 that are the same.
    moved = song("SO100", title="T100", artist_id="AR101", artist_name="1")
    sources.write_songs("C.json", *catalogue(*range(101, 149), *range(150, 159)), moved)
    load_and_run(warehouse, sources.data)
    written = (
        {("SO100", "AR101"), *((f"SO{at}", f"AR{at}") for at in range(150, 159))},
        {("AR101", "1"), *((f"AR{at}", f"{at}") for at in range(150, 159))},
    )
    for old, new, rows in zip(before, in_order(), written, strict=True):
        assert new[:-10] == [row for row in old if row in new]
        assert set(new[-10:]) == rows
    assert warehouse.value("select count(*) from songs where year = 1") == 1
    warehouse.change("update songs set year = 2003 where year = 1")
    assert equals_a_rebuild(warehouse)


def test_after_late_songs_the_plays_that_they_changed_are_tested(
    warehouse: Warehouse, sources: Sources
) -> None:
    sources.write_events("2.json", event(2, song="Otra"), event(3))
    load_and_run(warehouse, sources.data)
    sources.write_songs("A.json", song("SO1"))
    load_and_run(warehouse, sources.data)
    damage = "update songplays set artist_id = null where song_id = "
    command = ("test", "-s", "matches_are_whole", "--vars")
    arrived, everything = '{"tested_load": 1}', '{"tested_load": 0}'
    with warehouse.damaged(damage + "'SO1'"):
        assert not warehouse.dbt(*command, arrived).success
    with warehouse.damaged(damage + "'SO2'"):
        assert warehouse.dbt(*command, arrived).success, "a play of the first load"
        assert not warehouse.dbt(*command, everything).success


def test_late_logs_and_repeated_deliveries_equal_a_rebuild(
    warehouse: Warehouse, sources: Sources
) -> None:
    sources.write_songs("A.json", song("SO1"))
    load_and_run(warehouse, sources.data)
    # Older than all that is there, with another level, so that a spell begins earlier.
    sources.write_events("0.json", event(-9, itemInSession=7, level="paid"))
    load_and_run(warehouse, sources.data)
    # The same key, another level and name; another play beside it; event 1 is gone.
    changed = event(0, level="paid", lastName="Mosse", song="Otra")
    sources.write_events("1.json", changed, event(5))
    load_and_run(warehouse, sources.data)
    assert warehouse.rows("select level, last_name from users") == [("free", "Moss")]
    assert warehouse.value("select count(*) from songplays") == 4
    assert equals_a_rebuild(warehouse)


def test_what_was_emptied_by_hand_fills_again(
    warehouse: Warehouse, sources: Sources
) -> None:
    sources.write_songs("A.json", song("SO1"))
    load_and_run(warehouse, sources.data)
    full = warehouse.fingerprints()
    warehouse.done("run", "--full-refresh", "--empty", "--select", "marts")
    assert warehouse.fingerprints() != full
    warehouse.done("run")
    assert warehouse.fingerprints() == full


def test_a_plan_and_none_in_one_millisecond_is_no_alarm(
    warehouse: Warehouse, sources: Sources
) -> None:
    sources.write_events("1.json", event(0, page="Home"), event(0, level=None))
    warehouse.load(sources.data)
    warehouse.build()
    assert warehouse.rows("select level from users") == [(None,)]
    assert warehouse.value("select count(*) from user_levels") == 0
