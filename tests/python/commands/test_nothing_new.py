"""A run that finds nothing new builds nothing; whatever may differ is built again."""

import shutil
import sys
from collections import defaultdict
from pathlib import Path

import pytest
from common.settings import PROJECT, Data
from dbt.artifacts.resources import FileHash
from dbt_project.runner import Dbt
from support.helpers import Sources, Warehouse, options


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
        tested.operation("record_tested", build=build, code="code", content="content")
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


def test_other_files_settings_and_versions_are_other_code(
    dbt: Dbt, environment: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    profiles = environment / "profiles.yml"
    example = profiles.read_text(encoding="utf-8")
    before = dbt._code()
    found = {before}
    changed = FileHash.from_contents("changed")
    for file in (
        *("models/marts/users.sql", "models/staging/_staging.yml"),
        *("macros/clean_text.sql", "seeds/expected_results.csv"),
        *("tests/matches_are_whole.sql", "tests/generic/unique_together.sql"),
    ):
        read = dbt._manifest.files[f"sparkify://{file}"]
        content = (PROJECT / file).read_text(encoding="utf-8").strip()
        assert read.checksum == FileHash.from_contents(content), "dbt's own"
        with monkeypatch.context() as patch:
            patch.setattr(read, "checksum", changed)
            found.add(dbt._code())
    with monkeypatch.context() as patch:
        projects = dbt._manifest.state_check.project_hashes
        patch.setitem(projects, "sparkify", changed)
        found.add(dbt._code())
    for old, new in (("main", "other"), ("UTC", "CET"), ("dev", "other")):
        profiles.write_text(example.replace(old, new), encoding="utf-8")
        try:
            found.add(dbt._code())
        finally:
            profiles.write_text(example, encoding="utf-8")
    for package in ("dbt-core", "dbt-adapters", "dbt-duckdb", "duckdb"):
        with monkeypatch.context() as patch:
            versions = defaultdict(lambda: "1", {package: "9"})
            patch.setattr("dbt_project.tested.version", versions.__getitem__)
            found.add(dbt._code())
    monkeypatch.setenv("DBT_EMPTY", "1")
    found.add(dbt._code())
    assert len(found) == 16
    monkeypatch.delenv("DBT_EMPTY")
    monkeypatch.setenv("DBT_ENV_SECRET_REDSHIFT_PASSWORD", "secret")
    assert dbt._code() == before


def test_run_builds_again_when_a_macro_changed(
    small: Warehouse,
    tested: Warehouse,
    project: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setenv("DBT_TARGET_PATH", str(project / "target"))
    command = (sys.executable, project / "scripts" / "warehouse.py", "run")
    folder = small.path.parent
    places = options(Data(str(folder / "logs"), str(folder / "songs")))
    with (project / "macros" / "clean_text.sql").open("a") as out:
        out.write("{# changed #}\n")
    done = tested.finished(tested.start(*command, *places))
    assert done.returncode == 0, done.stderr
    assert "built users (" in done.stderr
