"""dbt's own commands on Redshift, and that all SQL of the project is Redshift's."""

import json
import os
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from standin.rules import check
from standin.wire import Server
from support.helpers import TS, Warehouse, event, song
from support.redshift_warehouse import (
    MARTS,
    SCHEMA,
    STAGING,
    RedshiftWarehouse,
)


def put_little(cluster: RedshiftWarehouse) -> None:
    """A log in which everything happens at least once, and its songs."""
    cluster.put_events(
        "1.json",
        event(0),
        event(1, page="Home", song=None, artist=None, length=None),
        event(2, level="paid", song="Otra"),
        event(3, userId="", firstName=None, lastName=None, gender=None, page="Login"),
    )
    cluster.put_songs("A.json", song("SO1"), song("SO2", title="Otra", duration=1.5))


def test_dbts_commands_pass_and_all_that_is_sent_is_redshifts(
    cluster: RedshiftWarehouse,
) -> None:
    # Before any load: empty marts.
    cluster.done("run")
    assert cluster.value("select count(*) from songplays") == "0"
    put_little(cluster)
    cluster.load()
    cluster.done("run")  # rebuilds what was made before any load
    cluster.put_events("2.json", event(4, ts=TS + 86_400_000))
    cluster.put_songs("B.json", song("SO3"))
    cluster.load()
    built = cluster.done("build")
    kinds = {str(result.node.resource_type) for result in built}
    assert kinds >= {"model", "seed", "test", "unit_test"}
    assert cluster.value("select count(*) from songplays") == "3"
    cluster.done("docs", "generate")
    assert cluster._dbt._manifest is not None
    nodes: dict[str, Any] = cluster._dbt._manifest.nodes

    # Both forms of every incremental model were sent; analyses are compiled alone.
    analyses = {
        name: node.compiled_code
        for name, node in nodes.items()
        if node.resource_type == "analysis"
    }
    assert len(analyses) > 9
    sent = {statement.sql: statement.sql for statement in cluster.server.statements}
    assert len(sent) > 150
    findings = {name: check(sql, nulls=True) for name, sql in (analyses | sent).items()}
    assert {name: found for name, found in findings.items() if found} == {}

    # Views do not hold on to their tables, and tables lie as their models say.
    for view in ("stg_events", "stg_songs"):
        name = f'view "sparkify"."{STAGING}"."{view}'
        made = [sql for sql in cluster.sent() if f"create {name}" in sql]
        assert made
        assert all(sql.endswith("with no schema binding;") for sql in made)
    for name in MARTS:
        config = nodes[f"model.sparkify.{name}"].config
        keys = cluster.server.keys(f"{SCHEMA}.{name}")
        dist = str(config.get("dist"))
        sort = config.get("sort")
        assert keys.sort_keys == ([sort] if isinstance(sort, str) else sort), name
        if dist == "auto":
            assert (keys.dist_style, keys.dist_key) == (dist, None), name
        else:
            assert (keys.dist_style, keys.dist_key) == ("key", dist), name

    # The documentation has their types and keys.
    target = Path(os.environ["DBT_TARGET_PATH"])
    catalog = json.loads((target / "catalog.json").read_text(encoding="utf-8"))
    described = catalog["nodes"]
    stats = described["model.sparkify.songplays"]["stats"]
    assert stats["sortkey1"]["value"] == "start_time"
    columns = described["model.sparkify.stg_events"]["columns"]
    assert columns["occurred_at"]["type"] == "timestamp without time zone"
    assert "source.sparkify.sparkify.loaded_files" in catalog["sources"]


def test_a_run_keeps_tables_views_comments_and_rows_that_stay(
    cluster: RedshiftWarehouse,
) -> None:
    small = ("users", "songs", "artists", "user_levels")
    put_little(cluster)
    songs = [song(f"SX{i}", artist_id=f"AX{i}") for i in range(500)]
    cluster.put_songs("B.json", *songs)
    cluster.load()
    cluster.done("run")
    server = cluster.server
    server.query(f"create view {SCHEMA}.who as select user_id from {SCHEMA}.users")
    server.query(f"comment on column {SCHEMA}.users.level is 'an older text'")
    server.query(f"comment on table {SCHEMA}.songplays is null")

    def tables() -> set[tuple[str | None, ...]]:
        return set(
            cluster.rows(
                "select relname, oid from pg_class where relkind = 'r'"
                f" and relname in {small}"
            )
        )

    def written() -> set[tuple[str | None, ...]]:
        """Songs and artists, each with the transaction that wrote its row."""
        return set(
            cluster.rows(
                "select xmin, song_id from songs"
                " union all select xmin, artist_id from artists"
            )
        )

    before, rows = tables(), written()
    cluster.put_events("2.json", event(7, userId="8"))
    cluster.load()
    cluster.faults.clear()
    cluster.done("run", "--exclude", "stg_events", "stg_songs")
    comments = sorted(sql for sql in cluster.sent() if sql.startswith("comment "))
    assert [" ".join(sql.split()[2:4]) for sql in comments] == [
        'column "sparkify"."sparkify"."users".level',
        'table "sparkify"."sparkify"."songplays"',
    ]
    assert "plan: `free` or `paid`." in comments[0]
    assert tables() == before
    assert written() == rows, "no song was loaded"
    assert cluster.rows("select * from who order by 1") == [("7",), ("8",)]

    # Ten songs cost ten rows. A table with other columns is made again, and takes
    # ordinary views with it.
    more = [song(f"SY{i}", artist_id=f"AY{i}") for i in range(10)]
    cluster.put_songs("C.json", *more)
    cluster.load()
    server.query(f"alter table {SCHEMA}.users alter gender type varchar(1)")
    cluster.done("run", "-s", "+songs", "+artists", "users")
    assert len(written() - rows) == len(more) * 2
    assert [name for name, _ in tables() - before] == ["users"]
    assert "who" not in str(cluster.rows("select viewname from pg_views"))
    described = f"col_description('{SCHEMA}.users'::regclass, 5)"
    assert "`paid`" in str(cluster.value(f"select {described}"))


def test_a_name_that_is_no_group_is_refused(cluster: RedshiftWarehouse) -> None:
    answer = cluster.dbt("run", "--vars", "{analyst_group: 'a; drop table b'}")
    assert "analyst_group is not a valid name of a user or group: " in str(
        answer.exception
    )


USERS = ("sparkify_builder", "sparkify_reader")


def test_a_builder_builds_and_a_reader_looks(
    cluster: RedshiftWarehouse, users: Callable[[str], None]
) -> None:
    put_little(cluster)
    cluster.load()
    cluster.done("run", "-s", "stg_events", "stg_songs", "songs")
    for _ in range(2):
        cluster.operation("create_users")
    users("sparkify_builder")
    cluster.put_events("2.json", event(7))
    cluster.faults.clear()
    cluster.load()
    cluster.done("run")
    locks = [sql for sql in cluster.sent() if sql.startswith("lock ")]
    owners = cluster.rows(
        "select distinct tableowner from pg_tables"
        f" where schemaname in ('{SCHEMA}', '{STAGING}')"
    )
    assert owners == [("sparkify_builder",)]
    built = cluster.status()

    # A load and a build hold all of their locks, and no command of the reader waits.
    named = set(" ".join(locks).split('"'))
    assert named >= {"load_lock", "build_lock", *(f"{mart}_lock" for mart in MARTS)}
    server = cluster.server
    server.query("alter role sparkify_reader set lock_timeout = 1")
    users("sparkify_reader")
    cluster.faults.clear()
    owner = {"user": server.user, "database": server.database}
    with closing(Server(server.postgres.directory, owner)) as writer:
        writer.query("begin;" + " ".join(locks))
        assert cluster.status() == built
        # Unit tests make temporary tables, which everybody may: two models' are enough.
        units = ("users,test_type:unit", "stg_events,test_type:unit")
        cluster.done("test", "-s", "test_type:data", *units)
        cluster.done("docs", "generate")
        assert freshness(cluster) == "warn"
    writes = ("create schema", "create table", "insert", "update", "delete", "grant")
    assert not [sql for sql in cluster.sent() if sql.lower().startswith(writes)]
    assert not cluster.dbt("run", "-s", "users").success
    assert cluster.status() == built


@pytest.fixture
def users(
    cluster: RedshiftWarehouse, monkeypatch: pytest.MonkeyPatch
) -> Iterator[Callable[[str], None]]:
    """Connect as another user from now on; afterwards both are gone."""

    def become(user: str) -> None:
        monkeypatch.setenv("REDSHIFT_USER", user)
        cluster.dbt("parse")  # makes dbt read the profile again

    yield become
    become(cluster.server.user)
    for user in USERS:
        cluster.server.query(f"drop owned by {user} cascade; drop user {user}")


def freshness(subject: RedshiftWarehouse | Warehouse, *options: str) -> str:
    """What `dbt source freshness` says of the events."""
    answer = subject.dbt("source", "freshness", *options)
    (status,) = (
        result.status
        for result in answer.result.results
        if result.node.resource_type == "source"
    )
    assert answer.success == (str(status) != "error")
    return str(status)


def test_a_stale_log_warns(subject: RedshiftWarehouse | Warehouse) -> None:
    assert freshness(subject) == "warn"  # nothing is loaded, no table is there
    subject.put_songs("A.json", song("SO1"))
    for ts, status in ((TS, "warn"), (int(time.time() - 3600) * 1000, "pass")):
        subject.put_events("1.json", event(0, ts=ts))
        subject.load()
        assert freshness(subject) == status
    # The var events_stale_after_days, which dbt reads while it parses.
    events = subject._dbt._manifest.sources["source.sparkify.sparkify.staging_events"]
    assert events.freshness.error_after.count == 1_000_000
