"""dbt's own ways to build a part do what its manual says, and spoil nothing."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from common.settings import PROJECT
from dbt_project.runner import Dbt
from support.helpers import MARTS, TS, InThisProcess, Warehouse, event, song
from support.redshift_warehouse import SCHEMA, STAGING, RedshiftWarehouse

DAY = 86_400_000
DEVELOPER = "dev_ann"
# What docs/redshift.md asks of an administrator.
MADE_FOR_ANN = [
    "create user ann password disable",
    f"create schema {DEVELOPER} authorization ann",
    f"create schema {DEVELOPER}_staging authorization ann",
    *(
        sql
        for schema in (SCHEMA, STAGING)
        for sql in (
            f"grant usage on schema {schema} to ann",
            f"grant select on all tables in schema {schema} to ann",
        )
    ),
]


def test_parts_and_then_the_whole_are_the_whole(warehouse: Warehouse) -> None:
    warehouse.put_events("1.json", event(0), event(1, userId="8"))
    warehouse.put_songs("A.json", song("SO1", title="Otra"))
    warehouse.load()
    warehouse.done("run")
    # A new day, and a song that an old play waits for.
    warehouse.put_events("2.json", event(2, ts=TS + DAY, level="paid"))
    warehouse.put_songs("B.json", song("SO2"))
    warehouse.load()
    warehouse.done("run", "-s", "songplays", "users")
    warehouse.done("run", "--empty", "-s", "songplays", "users")  # plays stay
    warehouse.done("run")
    made = warehouse.fingerprints()
    warehouse.done("run", "--full-refresh")
    assert made == warehouse.fingerprints()


def models(results: Any) -> set[str]:
    """The names of the models among what was run."""
    return {
        result.node.name for result in results if result.node.resource_type == "model"
    }


@pytest.fixture
def developer(
    subject: Warehouse | RedshiftWarehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[InThisProcess]:
    """dbt as a developer has it beside production, which is built.

    The folder `state` has the manifest of which production was built.
    """
    subject.put_events("1.json", event(0), event(1, page="Home"), event(2, song="Otra"))
    subject.put_songs("A.json", song("SO1"))
    subject.load()
    subject.done("build", "--exclude-resource-type", "test", "unit_test")
    assert subject._dbt._manifest is not None
    subject._dbt._manifest.write(str(tmp_path / "manifest.json"))
    profiles = (PROJECT / "profiles.yml.example").read_text(encoding="utf-8")
    profiles = profiles.replace("schema: main", f"schema: {DEVELOPER}")
    (tmp_path / "profiles.yml").write_text(profiles, encoding="utf-8")
    if isinstance(subject, RedshiftWarehouse):
        admin = subject.server.connect().cursor()
        for sql in MADE_FOR_ANN:
            admin.execute(sql)
    else:
        subject.release()
    with monkeypatch.context() as patch:
        patch.setenv("REDSHIFT_USER", "ann")
        patch.setenv("REDSHIFT_SCHEMA", DEVELOPER)
        patch.setenv("DBT_PROFILES_DIR", str(tmp_path))
        patch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
        yield InThisProcess(Dbt(subject._dbt.target))
    subject.dbt("parse")  # makes dbt read the profile again
    if isinstance(subject, RedshiftWarehouse):
        subject.server.query("drop owned by ann cascade; drop user ann")


@pytest.mark.parametrize(
    "subject",
    [pytest.param("warehouse", marks=pytest.mark.long), "cluster"],
    indirect=True,
)
def test_a_developer_defers_to_production_and_clones_it(
    subject: Warehouse | RedshiftWarehouse, developer: InThisProcess, tmp_path: Path
) -> None:
    is_duckdb = isinstance(subject, Warehouse)
    schema = "main" if is_duckdb else SCHEMA
    state = ("--state", str(tmp_path))

    def production() -> list[object]:
        return [
            sorted(subject.rows(f"select * from {schema}.{name}")) for name in MARTS
        ]

    def shows_production(*names: str) -> bool:
        return all(
            subject.rows(f"select * from {DEVELOPER}.{name} order by 1, 2")
            == subject.rows(f"select * from {schema}.{name} order by 1, 2")
            != []
            for name in names
        )

    def tables() -> set[object]:
        found = subject.rows(
            "select table_name from information_schema.tables"
            f" where table_schema = '{DEVELOPER}' and table_type = 'BASE TABLE'"
        )
        return {name for (name,) in found}

    before = production()
    assert developer.done("ls", "-s", "state:modified", *state) == []
    developer.done("build", "-s", "users", "--defer", *state)
    assert tables() == {"users"}
    assert shows_production("users")
    developer.done("clone", *state)
    assert shows_production(*MARTS)
    assert tables() == {"users"}, "the others are views"
    developer.done("run", "-s", "songplays", "time")
    assert shows_production(*MARTS)
    assert tables() == {"users", "songplays", "time"}
    assert production() == before
    # What a model's code changes is seen against the state, with what follows it.
    manifest = tmp_path / "manifest.json"
    kept = json.loads(manifest.read_text("utf-8"))
    kept["nodes"]["model.sparkify.songplays"]["raw_code"] += "-- another"
    manifest.write_text(json.dumps(kept), "utf-8")
    built = developer.done("run", "-s", "state:modified+", *state)
    follow = developer.done("ls", "-s", "songplays+", "--resource-type", "model")
    assert models(built) == {name.split(".")[-1] for name in follow}
