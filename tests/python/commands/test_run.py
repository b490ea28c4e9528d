"""`run` from start to end, as a process."""

import json
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import dbt_project
import pytest
import warehouse as commands
from click.testing import CliRunner, Result
from dbt_project import Dbt, files_hash
from settings import PROJECT, Data
from support.helpers import (
    COMMAND,
    DataSet,
    Sources,
    Warehouse,
    WarehouseOnce,
    event,
    options,
    song,
)
from support.sample import Sample

NOTHING = "nothing changed since all tests passed: nothing to build"
MARTS = {"songplays", "users", "songs", "artists", "time", "user_levels"}
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
def loaded(sample_set: DataSet, warehouse: Warehouse) -> Warehouse:
    """The sample data's warehouse, to be changed at will."""
    sample_set.warehouse.copy(warehouse.path.parent)
    return warehouse


@pytest.fixture
def run(
    dbt: Dbt, warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Result]:
    """A command in this process, with the dbt that is parsed already."""
    monkeypatch.setattr(commands, "Dbt", lambda target: warehouse._opened())

    def invoke(*words: str) -> Result:
        done = CliRunner().invoke(commands.cli, words)
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done

    return invoke


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
    assert result == data_set.summary
    assert result == data_set.warehouse.status(), "from a process or not"
    logs, songs = len(data_set.logs), len(data_set.songs)
    files, rows, _ = result["load"].values()
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
    done = loaded.command("run", "--json", *options(sample.data))
    assert answer(done) == before | {"load": {"files": 0, "rows": 0, "rejected": 0}}
    assert done.stderr.splitlines()[-1] == NOTHING
    assert "built" not in done.stderr
    status = answer(run("status", "--json"))
    (load,) = status.pop("loads")
    rows = len(sample.events) + len(sample.songs)
    assert (load["files"], load["rows"], load["changed"]) == (1030, rows, 0)
    assert status == before


@pytest.mark.parametrize("how", ["--full-refresh", "--reload"])
def test_a_rebuild_gives_the_same_marts(
    loaded: Warehouse, sample: Sample, run: Callable[..., Result], how: str
) -> None:
    before = loaded.status()
    done = run("run", "--json", how, *options(sample.data))
    result = answer(done)
    assert "built songplays" in done.stderr
    assert result["marts"] == before["marts"]
    assert result["load"]["files"] == (1030 if how == "--reload" else 0)
    assert loaded.status() == before


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
    *told, heads, load = run("status").stdout.splitlines()
    assert heads.split()[:5] == ["load", "files", "changed", "rows", "rejected"]
    assert load.split()[:5] == ["1", "2", "0", "2", "0"]
    assert all(len(line) < 80 for line in (*told, heads, load))
    assert [
        line[: len(short)] for line, short in zip(told, lines, strict=True)
    ] == lines
    assert [len(line.split()) for line in told[3:-1]] == [3] * 6


# Nothing new


@pytest.fixture(scope="module")
def small(warehouse_once: WarehouseOnce) -> Warehouse:
    """One play and its song, built and tested."""

    def fill(warehouse: Warehouse, folder: Path) -> None:
        sources = Sources(folder)
        sources.write_events("1.json", event(0))
        sources.write_songs("A.json", song("SO1"))
        warehouse.load(sources.data)
        warehouse.build()

    return warehouse_once("small", fill)


@pytest.fixture
def tested(small: Warehouse, warehouse: Warehouse) -> Warehouse:
    """The same, to be changed at will."""
    small.copy(warehouse.path.parent)
    assert warehouse.is_tested()
    return warehouse


@pytest.mark.parametrize(
    "change",
    [
        "delete from users",
        "insert into songs select * replace ('SO9' as song_id) from songs",
        "drop table user_levels",
        "alter table users rename to kept; create view users as from kept",
        "update songplays set song_match = null",
        "insert into staging_songs select * replace ('SO9' as song_id)"
        " from staging_songs",
        "delete from staging_events",
        "delete from loaded_files where source = 'songs'",
        "update loaded_files set load_id = 2",
        "update loaded_files set rows_loaded = 2",
        "update loaded_files set rows_rejected = 1",
        "delete from tested_loads",
        "drop table tested_loads; create table main_staging.tested_loads"
        " as select 1 as load_id, now()::timestamp as tested_at",
    ],
)
def test_what_is_there_now_and_was_not_tested_is_built(
    tested: Warehouse, change: str
) -> None:
    tested.change(change)
    assert not tested.is_tested()


@pytest.mark.parametrize(
    ("command", "stays"),
    [
        ("run", False),
        ("build -s users", False),
        ("run -s songplays", False),
        ("run --full-refresh -s time", False),
        ("run --empty -s songplays", False),
        ("seed", False),
        ("snapshot", True),  # the project has none
        ("test -s users", True),
        ("compile -s users", True),
    ],
)
def test_a_command_that_may_write_a_mart_forgets_the_tested_build(
    tested: Warehouse, command: str, stays: bool
) -> None:
    tested.done(*command.split())
    assert tested.is_tested() == stays
    if command == "run":
        tested.build()
        assert tested.is_tested()


@pytest.mark.parametrize("meanwhile", ["a load", "a command"])
def test_a_build_that_something_overtook_is_not_recorded(
    tested: Warehouse, sources: Sources, meanwhile: str
) -> None:
    def note() -> bool:
        tested.operation("note_tested", build=build, code="code", content="content")
        return bool(tested.value("select count(code) from tested_loads"))

    tested.done("run", "-s", "users")
    build = tested.value("select build from tested_loads")
    if meanwhile == "a load":
        tested.load(sources.data)
    else:
        tested.done("run", "-s", "users")
    assert not note()
    tested.done("run", "-s", "users")
    build = tested.value("select build from tested_loads")
    assert note(), "what was there when it began"


@pytest.fixture(scope="module")
def project(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A copy of all that the project's commands read."""
    folder = tmp_path_factory.mktemp("project")
    for name in ("models", "macros", "seeds", "tests", "analyses", "scripts"):
        unneeded = shutil.ignore_patterns("python", "standin", "__pycache__")
        shutil.copytree(PROJECT / name, folder / name, ignore=unneeded)
    for file in ("dbt_project.yml", "pyproject.toml", "warehouse.toml"):
        shutil.copy(PROJECT / file, folder)
    return folder


@pytest.mark.parametrize(
    "file",
    [
        "models/marts/users.sql",
        "models/staging/_staging.yml",
        "macros/clean_text.sql",
        "seeds/expected_results.csv",
        "tests/matches_are_whole.sql",
        "tests/generic/unique_together.sql",
        "dbt_project.yml",
        "packages.yml",
        "models/marts/more.sql",
    ],
)
def test_a_changed_file_of_the_project_is_other_code(project: Path, file: str) -> None:
    assert files_hash(project) == files_hash(PROJECT)
    path = project / file
    before = path.read_bytes() if path.exists() else None
    path.write_bytes((before or b"") + b" ")
    try:
        assert files_hash(project) != files_hash(PROJECT)
    finally:
        path.unlink()
        if before is not None:
            path.write_bytes(before)


def test_other_settings_and_versions_are_other_code(
    dbt: Dbt, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = environment / "profiles.yml"
    example = profiles.read_text(encoding="utf-8")
    before = dbt._code()
    found = {before}
    for old, new in (("main", "other"), ("UTC", "CET"), ("dev", "other")):
        profiles.write_text(example.replace(old, new), encoding="utf-8")
        try:
            found.add(dbt._code())
        finally:
            profiles.write_text(example, encoding="utf-8")
    for changed in ("dbt-core", "dbt-adapters", "dbt-duckdb", "duckdb"):
        versions = {changed: "9"}
        with monkeypatch.context() as patch:
            patch.setattr(dbt_project, "version", lambda name: versions.get(name, "1"))  # noqa: B023
            found.add(dbt._code())
    monkeypatch.setenv("DBT_EMPTY", "1")
    found.add(dbt._code())
    assert len(found) == 9
    monkeypatch.delenv("DBT_EMPTY")
    monkeypatch.setenv("DBT_ENV_SECRET_REDSHIFT_PASSWORD", "secret")
    assert dbt._code() == before


def test_run_skips_the_build_until_a_macro_changes(
    small: Warehouse,
    tested: Warehouse,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DBT_TARGET_PATH", str(project / "target"))
    command = (sys.executable, project / "scripts" / "warehouse.py", "run")

    folder = small.path.parent
    places = options(Data(str(folder / "logs"), str(folder / "songs")))

    def run() -> list[str]:
        done = tested.finished(tested.start(*command, *places))
        assert done.returncode == 0, done.stderr
        return [line.split(" (")[0] for line in done.stderr.splitlines()]

    assert run()[-1] == NOTHING
    with (project / "macros" / "clean_text.sql").open("a") as out:
        out.write("{# changed #}\n")
    assert "built users" in run()


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


def test_a_second_process_names_the_first(
    warehouse: Warehouse, sources: Sources
) -> None:
    words = ("run", "--json", *sources.options)
    first = warehouse.start(*COMMAND, *words)
    assert first.stderr is not None
    while first.stderr.readline() != "events: 1 files, 1 to read\n":
        assert first.poll() is None
    with warehouse.stopped(first):
        second = warehouse.command(*words)
    assert (second.returncode, second.stdout) == (1, "")
    assert second.stderr.splitlines()[3:] == [
        f"error: {warehouse.path}: another process (PID {first.pid}) has this DuckDB"
        " file open; wait for it or close it, then run again"
    ]
    result = answer(warehouse.finished(first))
    assert result["match"] == {"plays": 1, "matched": 1, "exact": 1}


# dbt, as its users start it


def test_plain_dbt_builds_before_any_load(warehouse: Warehouse) -> None:
    done = warehouse.plain_dbt("--log-format", "json", "build")
    assert done.returncode == 0, done.stdout
    said = [json.loads(line)["info"] for line in done.stdout.splitlines()]
    assert [entry["msg"] for entry in said if entry["level"] == "error"] == []
    (warning,) = [entry["msg"] for entry in said if entry["level"] == "warn"]
    assert warning.startswith("nothing is loaded yet")
    assert set(warehouse.status()["marts"]) == MARTS
    warehouse.done("test")


@pytest.mark.parametrize("command", ["run", "docs generate", "compile"])
def test_dbts_other_commands_run_before_any_load(
    warehouse: Warehouse, command: str, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse.done(*command.split())
    warned = capsys.readouterr().err.count("warning: nothing is loaded yet")
    assert warned == (command == "run")
