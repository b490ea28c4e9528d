"""`run` from start to end, as a process, on the real data."""

import json
import subprocess
from pathlib import Path
from typing import Any

import pytest
from settings import Data
from support.helpers import COMMAND, Sources, Warehouse, event, options, song
from support.sample import Sample

TRUE = {
    "songplays": 6820,
    "users": 97,
    "songs": 14896,
    "artists": 9553,
    "time": 6813,
    "user_levels": 106,
}
COLUMNS = {
    "staging_events": "artist auth first_name gender item_in_session last_name length"
    " level location method page registration session_id song status ts user_agent"
    " user_id _load_id",
    "staging_songs": "artist_id artist_latitude artist_location artist_longitude"
    " artist_name duration num_songs song_id title year _load_id",
    "loaded_files": "load_id source path etag bytes rows_loaded rows_rejected"
    " loaded_at",
    "rejected_rows": "load_id source path line reason raw",
    "songplays": "songplay_id start_time user_id level song_id artist_id session_id"
    " location user_agent song_title artist_name duration song_match _load_id",
    "users": "user_id first_name last_name gender level",
    "songs": "song_id title artist_id year duration",
    "artists": "artist_id name location latitude longitude",
    "time": "start_time hour day week month year weekday",
    "user_levels": "user_id level valid_from valid_to is_current",
}


@pytest.fixture
def loaded(real_warehouse: Warehouse, warehouse: Warehouse) -> Warehouse:
    """The real data's warehouse, to be changed at will."""
    real_warehouse.copy(warehouse.path.parent)
    return warehouse


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """One play and the song that was played."""
    made = Sources(tmp_path)
    made.write_events("1.json", event(0))
    made.write_songs("A.json", song("SO1"))
    return made


def answer(done: subprocess.CompletedProcess[str]) -> dict[str, Any]:
    """What a command that was done printed, which is one JSON object and no more."""
    assert done.returncode == 0, done.stderr
    assert done.stdout.count("\n") == 1
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def test_the_real_data_gives_the_true_counts(
    warehouse: Warehouse, real_data: Data, real_warehouse: Warehouse
) -> None:
    done = warehouse.command("run", "--json", *options(real_data))
    result = answer(done)
    assert {name: mart["rows"] for name, mart in result["marts"].items()} == TRUE
    assert result["load"] == {"files": 14926, "rows": 8056 + 14896, "rejected": 0}
    assert result["staging"] == {"staging_events": 8056, "staging_songs": 14896}
    assert result["match"] == {"plays": 6820, "matched": 341, "exact": 327}
    assert result == real_warehouse.status(), "from a process or not"
    said = done.stderr.splitlines()
    assert said[0] == "events: 30 files, 30 to read"
    assert said[1] == "songs: 14,896 files, 14,896 to read"
    assert said[2] == "loaded 14,926 files: 22,952 rows, 0 rejected"
    assert said[3].startswith("built ")
    assert said[-1].endswith(" tests passed")


def test_again_it_loads_nothing_and_all_stays_as_it_was(
    loaded: Warehouse, real_data: Data
) -> None:
    before = loaded.status()
    result = answer(loaded.command("run", "--json", *options(real_data)))
    assert result == before | {"load": {"files": 0, "rows": 0, "rejected": 0}}
    status = answer(loaded.command("status", "--json"))
    (load,) = status.pop("loads")
    assert (load["files"], load["rows"], load["changed"]) == (14926, 22952, 0)
    assert status == before


@pytest.mark.parametrize("how", ["--full-refresh", "--reload"])
def test_made_anew_the_marts_are_the_same(
    loaded: Warehouse, real_data: Data, how: str
) -> None:
    before = loaded.status()
    result = answer(loaded.command("run", "--json", how, *options(real_data)))
    assert result["marts"] == before["marts"]
    assert result["load"]["files"] == (14926 if how == "--reload" else 0)
    assert loaded.status() == before


def test_every_relation_has_its_columns_in_the_stated_order(
    real_warehouse: Warehouse,
) -> None:
    found = dict(
        real_warehouse.rows(
            "select table_name, string_agg(column_name, ' ' order by ordinal_position)"
            " from information_schema.columns group by 1"
        )
    )
    assert {name: found[name] for name in COLUMNS} == COLUMNS


def test_sample_data_runs_too(warehouse: Warehouse, sample: Sample) -> None:
    data = Data(str(sample.out / "log_data"), str(sample.out / "song_data"))
    result = answer(warehouse.command("run", "--json", *options(data)))
    events, songs = len(sample.events), len(sample.songs)
    assert result["staging"] == {"staging_events": events, "staging_songs": songs}
    marts = {name: mart["rows"] for name, mart in result["marts"].items()}
    assert marts["songplays"] == result["match"]["plays"] == len(sample.plays)
    assert marts["songs"] == songs
    assert marts["artists"] == len({song["artist_id"] for song in sample.songs})
    assert marts["time"] == len({play["ts"] for play in sample.plays})
    assert marts["users"] == len({event["userId"] for event in sample.events} - {""})
    assert 0 < result["match"]["exact"] < result["match"]["matched"]


def test_a_person_reads_a_table(warehouse: Warehouse, sources: Sources) -> None:
    done = warehouse.command("run", *sources.options)
    assert done.returncode == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "files loaded              2   (2 rows, 0 rejected)"
    assert lines[1] == "staging_events            1"
    assert lines[-1] == "matched                   1   of 1 plays, 1 of them exact"
    # status adds a fingerprint behind the rows of each mart, and the loads.
    *told, load = warehouse.command("status").stdout.splitlines()
    assert load.startswith("load 1                    2   files at ")
    assert [
        line[: len(short)] for line, short in zip(told, lines, strict=True)
    ] == lines
    assert [len(line.split()) for line in told[3:-1]] == [3] * 6


# Ways to end


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["load", "--events", "/nowhere"], 1, "error: events: /nowhere: No such file"),
        (["load", "--config", "/nowhere"], 1, "error: /nowhere: No such file"),
        (["run", "--max-errors", "-1"], 2, "Invalid value for '--max-errors'"),
        (["load", "--full-refresh"], 2, "No such option '--full-refresh'"),
        (["fly"], 2, "No such command 'fly'"),
    ],
)
def test_a_failure_is_1_and_a_wrong_word_2(
    warehouse: Warehouse, words: list[str], code: int, told: str
) -> None:
    done = warehouse.command(*words)
    assert (done.returncode, done.stdout) == (code, "")
    assert told in done.stderr


def test_a_build_that_fails_is_1_and_names_what_failed(
    warehouse: Warehouse, sources: Sources
) -> None:
    warehouse.load(sources.data)
    # What no load lets in, so that a data test has something to find.
    warehouse.change("update staging_events set level = 'gold'")
    done = warehouse.command("run", "--json", *sources.options)
    assert (done.returncode, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: dbt build: ")
    assert "accepted_values_" in last
    assert "level" in last


def test_a_second_process_is_told_of_the_first(
    warehouse: Warehouse, real_data: Data
) -> None:
    words = ("run", "--json", *options(real_data))
    first = warehouse.start(*COMMAND, *words)
    assert first.stderr is not None
    assert first.stderr.readline() == "events: 30 files, 30 to read\n"
    with warehouse.stopped(first):
        second = warehouse.command(*words)
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr == (
        f"error: {warehouse.path}: another process (PID {first.pid}) has this DuckDB"
        " file open; wait for it or close it, then run again\n"
    )
    marts = answer(warehouse.finished(first))["marts"]
    assert {name: mart["rows"] for name, mart in marts.items()} == TRUE


# dbt, as its users start it


@pytest.mark.parametrize("command", ["build", "run", "docs generate", "compile"])
def test_plain_dbt_runs_before_any_load(warehouse: Warehouse, command: str) -> None:
    done = warehouse.plain_dbt("--log-format", "json", *command.split())
    assert done.returncode == 0, done.stdout
    said = [json.loads(line)["info"] for line in done.stdout.splitlines()]
    warnings = [entry["msg"] for entry in said if entry["level"] == "warn"]
    assert [entry["msg"] for entry in said if entry["level"] == "error"] == []
    if command in ("build", "run"):
        assert len(warnings) == 1
        assert warnings[0].startswith("nothing is loaded yet")
        assert set(warehouse.status()["marts"]) == set(TRUE)
        assert warehouse.plain_dbt("test").returncode == 0
    else:
        assert warnings == []
