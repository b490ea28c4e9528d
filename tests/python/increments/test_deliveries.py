"""However the files arrive, the marts come out the same.

What is corrected, late or emptied in any order is in test_histories.py.
"""

import os
import random
from pathlib import Path
from typing import Any

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


Match = tuple[str | None, str | None, str | None]
LONGER, OTHER, ELSEWHERE = {"duration": 210.5}, {"title": "Otra"}, {"artist_id": "AR2"}
BY_NAME = "title and artist"
# Plays of "Eres", each by another artist: the artist's songs, those that come later or
# are corrected, and what the play matches before and after.
CORRECTIONS: list[tuple[dict[str, Any], dict[str, Any], Match, Match]] = [
    ({"A": OTHER}, {"B": LONGER}, (None, "AR1", "artist"), ("B", "AR1", BY_NAME)),
    ({"A": LONGER}, {"B": {}}, ("A", "AR1", BY_NAME), ("B", "AR1", "exact")),
    ({"A": {}}, {"A": ELSEWHERE}, ("A", "AR1", "exact"), ("A", "AR2", "exact")),
    (
        {"A": LONGER, "B": {}},
        {"B": OTHER},
        ("B", "AR1", "exact"),
        ("A", "AR1", BY_NAME),
    ),
    (
        {"A": {}, "B": OTHER | ELSEWHERE},
        {"A": OTHER},
        ("A", "AR1", "exact"),
        (None, None, None),
    ),
]


def test_late_and_corrected_songs_change_old_plays(warehouse: Warehouse) -> None:
    def deliver(file: str, catalogues: list[dict[str, Any]]) -> list[tuple[Any, ...]]:
        songs = [
            song(f"{number}{name}", artist_name=f"Artist {number}", **changes)
            for number, catalogue in enumerate(catalogues)
            for name, changes in catalogue.items()
        ]
        warehouse.put_songs(file, *songs)
        warehouse.load()
        warehouse.done("run", "-s", "+songplays")
        return warehouse.rows(
            "select song_id[2:], artist_id, song_match"
            " from songplays order by start_time"
        )

    warehouse.put_events(
        "1.json", *(event(at, artist=f"Artist {at}") for at in range(len(CORRECTIONS)))
    )
    first = [songs for songs, _, _, _ in CORRECTIONS]
    later = [songs for _, songs, _, _ in CORRECTIONS]
    assert deliver("1.json", first) == [before for _, _, before, _ in CORRECTIONS]
    assert deliver("2.json", later) == [after for _, _, _, after in CORRECTIONS]


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
    load_and_run(warehouse, sources.data, "+songs", "+artists")
    # To write these rows again would repair them.
    warehouse.change("update songs set year = 1 where song_id = 'SO149'")
    warehouse.change("update artists set latitude = 1 where artist_id = 'AR149'")
    damage = (
        "select count(*) from songs inner join artists using (artist_id)"
        " where songs.year = 1 and artists.latitude = 1"
    )
    sources.write_events("2.json", event(3))
    load_and_run(warehouse, sources.data, "+songs", "+artists")
    assert warehouse.value(damage) == 1, "a day without songs"

    warehouse.change("update artists set latitude = null where latitude = 1")
    before = in_order()
    # Nine new songs, one that AR100 loses to AR101, and 48 that are the same.
    moved = song("SO100", title="T100", artist_id="AR101", artist_name="1")
    sources.write_songs("C.json", *catalogue(*range(101, 149), *range(150, 159)), moved)
    load_and_run(warehouse, sources.data, "+songs", "+artists")
    written = (
        {("SO100", "AR101"), *((f"SO{at}", f"AR{at}") for at in range(150, 159))},
        {("AR101", "1"), *((f"AR{at}", f"{at}") for at in range(150, 159))},
    )
    for old, new, rows in zip(before, in_order(), written, strict=True):
        assert new[:-10] == [row for row in old if row in new]
        assert set(new[-10:]) == rows
    assert warehouse.value("select count(*) from songs where year = 1") == 1


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
