"""dbt's own ways to build a part do what its manual says, and spoil nothing."""

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
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


@pytest.fixture
def developer(
    cluster: RedshiftWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[InThisProcess]:
    """dbt as a developer has it beside production, which is built.

    The folder `state` has the manifest of which production was built.
    """
    cluster.put_events("1.json", event(0), event(1, page="Home"), event(2, song="Otra"))
    cluster.put_songs("A.json", song("SO1"))
    cluster.load()
    cluster.done("build", "--exclude-resource-type", "test", "unit_test")
    assert cluster._dbt._manifest is not None
    cluster._dbt._manifest.write(str(tmp_path / "manifest.json"))
    admin = cluster.server.connect().cursor()
    for sql in MADE_FOR_ANN:
        admin.execute(sql)
    with monkeypatch.context() as patch:
        patch.setenv("REDSHIFT_USER", "ann")
        patch.setenv("REDSHIFT_SCHEMA", DEVELOPER)
        patch.setenv("DBT_TARGET_PATH", str(tmp_path / "target"))
        yield InThisProcess(Dbt("redshift"))
    cluster.dbt("parse")  # makes dbt read the profile again
    cluster.server.query("drop owned by ann cascade; drop user ann")


def test_a_developer_defers_to_production_and_clones_it(
    cluster: RedshiftWarehouse, developer: InThisProcess, tmp_path: Path
) -> None:
    state = ("--state", str(tmp_path))

    def content(schema: str, *names: str) -> list[object]:
        return [
            cluster.rows(f"select * from {schema}.{name} order by 1, 2")
            for name in names
        ]

    def tables() -> set[object]:
        found = cluster.rows(
            "select table_name from information_schema.tables"
            f" where table_schema = '{DEVELOPER}' and table_type = 'BASE TABLE'"
        )
        return {name for (name,) in found}

    before = content(SCHEMA, *MARTS)
    assert all(before)
    assert developer.done("ls", "-s", "state:modified", *state) == []
    developer.done("build", "-s", "users", "--defer", *state)
    assert tables() == {"users"}
    developer.done("clone", *state)
    assert tables() == {"users"}, "the others are views"
    assert content(DEVELOPER, *MARTS) == before
    developer.done("run", "-s", "songplays", "time")
    assert tables() == {"users", "songplays", "time"}
    assert content(DEVELOPER, *MARTS) == content(SCHEMA, *MARTS) == before
    # What a model's code changes is seen against the state, with what follows it.
    manifest = tmp_path / "manifest.json"
    kept = json.loads(manifest.read_text("utf-8"))
    kept["nodes"]["model.sparkify.songplays"]["raw_code"] += "-- another"
    manifest.write_text(json.dumps(kept), "utf-8")
    listed = developer.done("ls", "-s", "state:modified+", *state)
    assert set(listed) == set(developer.done("ls", "-s", "songplays+"))
