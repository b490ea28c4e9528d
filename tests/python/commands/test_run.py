"""`run` from start to end, as a process."""

import json
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from common.settings import Data
from support.helpers import (
    CONTRACTS,
    MARTS,
    NONE_REPLACED,
    NOTHING,
    DataSet,
    Sources,
    Warehouse,
    options,
)
from support.sample import Sample

COLUMNS = {name: " ".join(columns) for name, columns in CONTRACTS.items()} | {
    "staging_events": "artist auth first_name gender item_in_session last_name length"
    " level location method page registration session_id song status ts user_agent"
    " user_id _load_id",
    "staging_songs": "artist_id artist_latitude artist_location artist_longitude"
    " artist_name duration num_songs song_id title year _load_id",
    "loaded_files": "load_id source path etag bytes rows_loaded rows_rejected"
    " loaded_at",
    "rejected_rows": "load_id source path line reason raw",
}


@pytest.fixture
def loaded(sample_set: DataSet, warehouse: Warehouse) -> Warehouse:
    """The sample data's warehouse, to be changed at will."""
    sample_set.warehouse.copy(warehouse.path.parent)
    return warehouse


def answer(done: subprocess.CompletedProcess[str] | Result) -> dict[str, Any]:
    """What a command that was done printed, which is one JSON object and no more."""
    code = done.exit_code if isinstance(done, Result) else done.returncode
    assert code == 0, done.stderr
    assert done.stdout.count("\n") == 1
    result: dict[str, Any] = json.loads(done.stdout)
    return result


@pytest.mark.parametrize(
    "data_set",
    ["sample", pytest.param("real", marks=pytest.mark.long)],
    indirect=True,
)
def test_a_run_prints_what_plain_python_counts_in_the_files(
    warehouse: Warehouse, data_set: DataSet
) -> None:
    done = warehouse.command("run", "--json", *options(data_set.data))
    result = answer(done)
    assert result == data_set.ran
    replaced = {"replaced": 0, "replaced_keys": []}
    status = data_set.warehouse.status()
    assert result == status | {"load": status["load"] | replaced}, "a process or not"
    logs, songs = len(data_set.logs), len(data_set.songs)
    files, rows = result["load"]["files"], result["load"]["rows"]
    places, said = done.stderr.splitlines()[:3], done.stderr.splitlines()[3:]
    assert places == [
        f"warehouse  {warehouse.path}",
        f"events     {data_set.data.events}  (from --events)",
        f"songs      {data_set.data.songs}  (from --songs)",
    ]
    assert said[0] == f"events: {logs} files, {logs} to read"
    assert said[1] == f"songs: {songs:,} files, {songs:,} to read"
    assert said[2] == f"loaded {files:,} files: {rows:,} rows, 0 rejected"
    assert said[3].startswith("built ")
    assert said[-1].endswith(" tests passed")


def test_again_it_loads_nothing_and_all_stays_as_it_was(
    loaded: Warehouse, sample: Sample, run: Callable[..., Result]
) -> None:
    before = loaded.status()
    done = run("run", "--json", *options(sample.data))
    assert answer(done) == before | {
        "load": {"files": 0, "rows": 0, "rejected": 0} | NONE_REPLACED
    }
    assert done.stderr.splitlines()[-1] == NOTHING
    assert "built" not in done.stderr
    status = answer(run("status", "--json"))
    (load,) = status.pop("loads")
    rows = len(sample.events) + len(sample.songs)
    assert (load["files"], load["rows"], load["changed"]) == (1030, rows, 0)
    assert status == before


@pytest.mark.parametrize(("how", "files"), [("--full-refresh", 0), ("--reload", 2)])
def test_a_rebuild_gives_the_same_marts(
    small: Warehouse,
    tested: Warehouse,
    run: Callable[..., Result],
    how: str,
    files: int,
) -> None:
    before = tested.status()
    folder = small.path.parent
    data = Data(str(folder / "logs"), str(folder / "songs"))
    done = run("run", "--json", how, *options(data))
    result = answer(done)
    assert "built songplays" in done.stderr
    assert result["marts"] == before["marts"]
    assert result["load"]["files"] == files
    assert tested.status() == before


def test_every_relation_has_its_columns_in_the_stated_order(
    sample_set: DataSet,
) -> None:
    found = dict(
        sample_set.warehouse.rows(
            "select table_name, string_agg(column_name, ' ' order by ordinal_position)"
            " from information_schema.columns group by 1"
        )
    )
    assert {name: found[name] for name in COLUMNS} == COLUMNS


def test_a_person_reads_a_table(sources: Sources, run: Callable[..., Result]) -> None:
    done = run("run", *sources.options)
    assert done.exit_code == 0
    lines = done.stdout.splitlines()
    assert lines[0] == "files loaded              2   (2 rows, 0 rejected)"
    assert lines[1] == "staging_events            1"
    assert lines[-1] == "matched                   1   of 1 plays, 1 of them exact"
    # status adds a fingerprint behind the rows of each mart, and the loads.
    *told, heads, _, load = run("status").stdout.splitlines()
    row = dict(zip(heads.split(), load.split(), strict=False))
    assert row.items() >= {"load_id": "1", "files": "2", "rejected": "0"}.items()
    assert all(len(line) < 80 for line in (*told, heads, load))
    assert [
        line[: len(short)] for line, short in zip(told, lines, strict=True)
    ] == lines
    assert [len(line.split()) for line in told[3:-1]] == [3] * len(MARTS)


# Ways to end


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["load", "--events", "/nowhere"], 1, "error: events: /nowhere: No such file"),
        (["load", "--config", "/nowhere"], 3, "error: /nowhere: No such file"),
        (["run", "--max-errors", "-1"], 2, "Invalid value for '--max-errors'"),
        (["load", "--full-refresh"], 2, "No such option '--full-refresh'"),
        (["fly"], 2, "No such command 'fly'"),
    ],
)
def test_a_failure_is_1_a_wrong_word_2_and_a_wrong_setting_3(
    run: Callable[..., Result], words: list[str], code: int, told: str
) -> None:
    done = run(*words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert told in done.stderr


def test_a_build_that_fails_is_1_and_names_what_failed(
    warehouse: Warehouse, sources: Sources, run: Callable[..., Result]
) -> None:
    warehouse.load(sources.data)
    # What no load lets in, so that a data test has something to find.
    warehouse.change("update staging_events set level = 'gold'")
    done = run("run", "--json", *sources.options)
    assert (done.exit_code, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: dbt build: ")
    assert "accepted_values_" in last
    assert "level" in last
    log = Path(last.split("; see ")[1].split(",")[0])
    assert "accepted_values_" in log.read_text(encoding="utf-8")


# dbt, as its users start it


def test_plain_dbt_builds_before_any_load(warehouse: Warehouse) -> None:
    done = warehouse.plain_dbt("--log-format", "json", "build")
    assert done.returncode == 0, done.stdout
    said = [json.loads(line)["info"] for line in done.stdout.splitlines()]
    assert [entry["msg"] for entry in said if entry["level"] == "error"] == []
    (warning,) = [entry["msg"] for entry in said if entry["level"] == "warn"]
    assert warning.startswith("nothing is loaded yet")
    assert set(warehouse.status()["marts"]) == set(MARTS)
    warehouse.done("test", "--exclude-resource-type", "unit_test")


@pytest.mark.parametrize("command", ["run", "docs generate"])
def test_dbts_other_commands_run_before_any_load(
    warehouse: Warehouse, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse.done(*command.split())
    warned = capsys.readouterr().err.count("warning: nothing is loaded yet")
    assert warned == (command == "run")
