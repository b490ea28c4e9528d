"""However the files arrive, the marts come out the same.

What is corrected, late or emptied in any order is in test_histories.py.
"""

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


def load_and_run(warehouse: Warehouse, data: Data, *models: str) -> None:
    """A load and its increment, without the data tests, which take most of the time."""
    warehouse.load(data)
    warehouse.done("run", *(("-s", *models) if models else ()))


@pytest.mark.parametrize(
    ("data_set", "parts"),
    [
        ("sample", 3),
        pytest.param("sample", 30, marks=pytest.mark.long),
        pytest.param("real", 3, marks=pytest.mark.long),
        pytest.param("real", 30, marks=pytest.mark.long),
    ],
    indirect=["data_set"],
)
def test_split_shuffled_and_late_deliveries_equal_a_single_load(
    warehouse: Warehouse, data_set: DataSet, tmp_path: Path, parts: int
) -> None:
    days, songs = list(data_set.logs), list(data_set.songs)
    shuffled = random.Random(0)
    shuffled.shuffle(days)
    shuffled.shuffle(songs)
    # No more than a song with each part, and all of the others with the last two.
    late = [[songs[number]] for number in range(parts - 2)]
    late += [songs[parts - 2 :: 2], songs[parts - 1 :: 2]]
    for number, catalogue in enumerate(late):
        if number == parts - 2:
            found, whole = warehouse.status()["match"], data_set.summary["match"]
            assert found["matched"] < whole["matched"] / 10
        logs = linked(days[number::parts], tmp_path / f"logs{number}")
        song_data = linked(catalogue, tmp_path / f"songs{number}")
        load_and_run(warehouse, Data(logs, song_data))
    assert warehouse.rows("select max(load_id), count(*) from loaded_files") == [
        (parts, data_set.summary["load"]["files"])
    ]
    assert warehouse.fingerprints() == data_set.warehouse.fingerprints()


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Two plays of a song, and another song."""
    made = Sources(tmp_path)
    made.write_events("1.json", event(0), event(1, level="paid"))
    made.write_songs("B.json", song("SO2", title="Otra"))
    return made


def test_songs_and_artists_that_did_not_change_are_not_written(
    warehouse: Warehouse, sources: Sources
) -> None:
    def written(*more: str) -> list[tuple[object, ...]]:
        load_and_run(warehouse, sources.data, "+songs", "+artists")
        # DuckDB gives a row that is written again another rowid.
        return warehouse.rows(
            f"select rowid, song_id from songs where song_id not in {('', *more)}"
            " union all select rowid, artist_id from artists order by all"
        )

    same = song("SO4", artist_id="AR4")
    sources.write_songs("A.json", song("SO3", artist_id="AR3"), same)
    before = written()
    # To write these rows again would repair them.
    warehouse.change("update songs set year = 1; update artists set latitude = 1")
    sources.write_events("2.json", event(3))
    assert written() == before
    damaged = "select count(*) from songs, artists where year = 1 and latitude = 1"
    assert warehouse.value(damaged) > 0
    warehouse.change("update songs set year = 2003; update artists set latitude = null")
    sources.write_songs("C.json", same, song("SO5", artist_id="AR4"))
    assert written("SO5") == before


def test_after_late_songs_the_plays_that_they_changed_are_tested(
    warehouse: Warehouse, sources: Sources
) -> None:
    sources.write_events("2.json", event(2, song="Otra"), event(3))
    load_and_run(warehouse, sources.data, "+songplays")
    sources.write_songs("A.json", song("SO1"))
    load_and_run(warehouse, sources.data, "+songplays")
    damage = "update songplays set artist_id = null where song_id = "
    command = ("test", "-s", "matches_are_whole", "--vars")
    arrived, everything = '{"tested_load": 1}', '{"tested_load": 0}'
    with warehouse.damaged(damage + "'SO1'"):
        assert not warehouse.dbt(*command, arrived).success
    with warehouse.damaged(damage + "'SO2'"):
        assert warehouse.dbt(*command, arrived).success, "a play of the first load"
        assert not warehouse.dbt(*command, everything).success
