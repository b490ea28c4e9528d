"""A reader waits for no writer, is refused nothing and finds every mart complete."""

from support.helpers import event, song
from support.redshift_warehouse import (
    MARTS,
    SCHEMA,
    RedshiftWarehouse,
    reading,
)


def test_a_reader_counts_complete_marts_during_runs_refreshes_and_kills(
    cluster: RedshiftWarehouse, analyst: str
) -> None:
    plays = event(0), event(1, level="paid")
    cluster.put_events("1.json", *plays, event(2, level="paid", page="Home"))
    cluster.put_songs("A.json", song("SO1"))
    cluster.done("run", "--vars", "{analyst_group: analysts}")
    # For the server a process that is killed is a connection that is cut.
    cut = cluster.faults.cut_after
    with reading(cluster, analyst) as seen:
        cluster.load()
        cluster.done("run")
        cluster.load(reload=True)
        cut(f'^delete from "{SCHEMA}"."{SCHEMA}"."users"')
        assert not cluster.dbt("run", "--full-refresh").success
        cluster.done("run", "--full-refresh")
    assert seen.refused == []
    rows = dict.fromkeys(MARTS, 1) | {"songplays": 2, "time": 2, "user_levels": 2}
    assert seen.counts == {mart: {0, count} for mart, count in rows.items()}

    # The same while columns change.
    changed = f"alter table {SCHEMA}.{{}} alter {{}} type varchar(20)"
    cluster.server.query(changed.format("users", "gender"))
    cluster.server.query(f"alter table {SCHEMA}.songplays add column old varchar(9)")
    # PostgreSQL shows a reader that waited for the swap the new table by its old
    # snapshot, which has no row of it.
    isolation = "default_transaction_isolation to 'read committed'"
    with reading(cluster, analyst, isolation) as seen:
        for pattern in ('rename to "users', "drop .*users__dbt_backup"):
            cut(pattern)
            assert not cluster.dbt("run", "-s", "users").success, pattern
        cluster.done("run", "-s", "users", "songplays")
    assert seen.refused == []
    assert seen.counts == {mart: {count} for mart, count in rows.items()}
    left = cluster.rows("select tablename from pg_tables where tablename ~ '__dbt'")
    assert left == []
