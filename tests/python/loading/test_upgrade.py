"""A warehouse that an earlier version made is brought up to date, and loses nothing."""

from pathlib import Path

import duckdb
import pytest
from load.loading import Loaded
from support.helpers import TS, Sources, Warehouse, event, song
from support.redshift_warehouse import RedshiftWarehouse

DAY = 86_400_000
# What version 0.0 made, but for the marts that every build makes from scratch. `now` is
# the same warehouse of today's version. Anonymous events were in no step then, and the
# seed had another column.
EARLIER = """
    create schema main_staging;
    create table main_staging.staging_events (
        artist varchar, auth varchar, first_name varchar, gender varchar,
        item_in_session bigint not null, last_name varchar, length double,
        level varchar, location varchar, method varchar, page varchar not null,
        registration double, session_id bigint not null, song varchar, status bigint,
        ts bigint not null, user_agent varchar, user_id varchar,
        _load_id bigint not null
    );
    create table main_staging.staging_songs (
        artist_id varchar not null, artist_latitude double, artist_location varchar,
        artist_longitude double, artist_name varchar not null, duration double,
        num_songs bigint, song_id varchar not null, title varchar not null, year bigint,
        _load_id bigint not null
    );
    create table main_staging.loaded_files (
        load_id bigint not null, source varchar not null, path varchar not null,
        etag varchar not null, bytes bigint not null, rows_loaded bigint not null,
        rows_rejected bigint not null, loaded_at timestamp not null
    );
    create table main_staging.rejected_rows (
        load_id bigint not null, source varchar not null, path varchar not null,
        line bigint not null, reason varchar not null, raw varchar
    );
    create table main_staging.superseded_rows (
        load_id bigint not null, source varchar not null,
        superseded_load_id bigint not null, row_count bigint not null
    );
    create table main_staging.file_times (
        path varchar not null, etag varchar not null, bytes bigint not null,
        modified_ns bigint not null
    );
    create table main_staging.tested_loads (
        load_id bigint not null, tested_at timestamp not null
    );
    insert into main_staging.tested_loads values (1, now()::timestamp);
    create table main_staging.int_user_steps (
        user_id varchar, first_name varchar, last_name varchar, gender varchar,
        level varchar, event_date date, occurred_at timestamp, _load_id bigint
    );
    create table songplays (
        songplay_id varchar not null primary key, start_time timestamp not null,
        user_id varchar, level varchar, song_id varchar, artist_id varchar,
        session_id bigint not null, location varchar, user_agent varchar,
        song_title varchar, artist_name varchar, duration decimal(10, 5),
        song_match varchar, _load_id bigint not null
    );
    create table time (
        start_time timestamp not null primary key, hour integer, day integer,
        week integer, month integer, year integer, weekday integer
    );
    create table expected_results (kind varchar, name varchar, expected bigint);
    insert into expected_results
    select 'this_warehouse', name, expected from now.expected_results;
    insert into main_staging.int_user_steps
    select
        user_id, first_name, last_name, gender, level, event_date, occurred_at, _load_id
    from now.main_staging.int_user_steps where user_id <> '';
"""
COPIED = (
    *("songplays", "time", "main_staging.staging_events", "main_staging.staging_songs"),
    *("main_staging.loaded_files", "main_staging.rejected_rows"),
    *("main_staging.superseded_rows", "main_staging.file_times"),
)


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A log with a bad line and a play of nobody, and a song."""
    made = Sources(tmp_path)
    made.write_events("1.json", event(0), event(1, userId=""), event(2, song="Otra"))
    made.write_events("2.json", event(3, status="bad"), event(4, level="paid"))
    made.write_songs("A.json", song("SO1"))
    return made


def deliver_more(sources: Sources) -> None:
    """A day, a corrected file, and a song that an old play was waiting for."""
    sources.write_events("2.json", event(4, level="free"))
    sources.write_events("3.json", event(5, ts=TS + DAY, userId="8"))
    sources.write_songs("B.json", song("SO2", title="Otra"))


BUILD = ("build", "--exclude-resource-type", "test", "unit_test")


def rebuilt(warehouse: Warehouse) -> dict[str, str]:
    """The fingerprints after `--full-refresh` over the same staging tables."""
    warehouse.done("run", "--full-refresh")
    return warehouse.fingerprints()


def test_a_warehouse_of_an_earlier_version_is_upgraded_by_run(
    warehouse: Warehouse, sources: Sources, tmp_path: Path
) -> None:
    warehouse.load(sources.data, max_errors=1)
    warehouse.done(*BUILD)
    now = warehouse.copy(tmp_path / "now").path
    wanted, published = warehouse.fingerprints(), warehouse.published()
    warehouse.remove()
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute(f"attach '{now}' as now (read_only)")
        connection.execute(EARLIER)
        for table in COPIED:
            columns = connection.table(table).columns
            listed = ", ".join(f'"{name}"' for name in columns)
            connection.execute(f"insert into {table} select {listed} from now.{table}")
    assert warehouse.load(sources.data) == Loaded(0, 0, 0)
    warehouse.build()
    assert warehouse.published() == published
    assert warehouse.fingerprints() == wanted
    counted = "select distinct counted_by from expected_results order by 1"
    assert warehouse.rows(counted) == [("earlier_system",), ("this_warehouse",)]

    deliver_more(sources)
    assert warehouse.load(sources.data) == Loaded(3, 3, 0)
    warehouse.build()
    assert warehouse.fingerprints() == rebuilt(warehouse)


# An earlier version had neither of these columns, nor what was built from them.
WITHOUT = [
    "alter table staging_events drop column user_agent",
    "alter table songplays drop column user_agent",
    "alter table int_user_steps drop column gender",
    "alter table time drop column weekday",
    "alter table expected_results drop column expected",
]
ADDED = (
    "staging_events: added the column user_agent, which is null in the rows that are"
    " there: to fill it, `warehouse.py run --reload`"
)


def test_columns_that_are_new_are_added_and_marts_without_them_rebuilt(
    warehouse: Warehouse, sources: Sources, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse.load(sources.data, max_errors=1)
    warehouse.done(*BUILD)
    for statement in WITHOUT:
        warehouse.change(statement)
    deliver_more(sources)
    warehouse.load(sources.data)
    warehouse.build()
    assert capsys.readouterr().err.count(ADDED) == 1
    agents = "select user_agent, count(*) from staging_events group by 1 order by 2"
    assert warehouse.rows(agents) == [('"Mozilla/5.0"', 2), (None, 3)]
    assert warehouse.fingerprints() == rebuilt(warehouse)
    warehouse.load(sources.data, reload=True)
    assert warehouse.rows(agents) == [('"Mozilla/5.0"', 5)]


def test_new_columns_are_added_on_redshift_too(
    cluster: RedshiftWarehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    cluster.put_events("1.json", event(0), event(1, userId=""))
    cluster.put_songs("A.json", song("SO1"))
    cluster.load()
    cluster.done(*BUILD)
    for statement in WITHOUT:
        cluster.rows(statement)
    cluster.put_events("2.json", event(2))
    cluster.load()
    cluster.done(*BUILD)
    assert capsys.readouterr().err.count(ADDED) == 1
    marts = cluster.status()["marts"]
    cluster.done("run", "--full-refresh")
    assert cluster.status()["marts"] == marts
    assert cluster.rows("select user_agent from songplays order by start_time") == [
        (None,),
        (None,),
        ('"Mozilla/5.0"',),
    ]
