"""A run that finds nothing new builds nothing; whatever may differ is built again."""

from collections import defaultdict
from pathlib import Path

import pytest
from dbt.artifacts.resources import FileHash
from dbt_project.runner import Dbt
from support.helpers import Sources, Warehouse


def test_what_is_there_now_and_was_not_tested_is_built(tested: Warehouse) -> None:
    for change in (
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
    ):
        with tested.damaged(change):
            assert not tested.is_tested(), change
    assert tested.is_tested()


def test_a_command_that_may_write_a_mart_forgets_the_tested_build(
    tested: Warehouse,
) -> None:
    for command in ("test -s users", "compile -s users"):
        tested.done(*command.split())
        assert tested.is_tested(), command
    for command in ("build -s users", "run --empty -s songplays", "seed"):
        with tested.damaged(""):
            tested.done(*command.split())
            assert not tested.is_tested(), command


@pytest.mark.parametrize("meanwhile", ["a load", "a command"])
def test_a_build_that_something_overtook_is_not_recorded(
    tested: Warehouse, sources: Sources, meanwhile: str
) -> None:
    def note() -> bool:
        tested.operation("record_tested", build=build, code="code", content="content")
        return bool(tested.value("select count(code) from tested_loads"))

    tested.done("seed")
    build = tested.value("select build from tested_loads")
    if meanwhile == "a load":
        tested.load(sources.data)
    else:
        tested.done("seed")
    assert not note()
    tested.done("seed")
    build = tested.value("select build from tested_loads")
    assert note(), "what was there when it began"


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
