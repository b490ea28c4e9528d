"""A warehouse that an earlier version made is brought up to date, and loses nothing."""

from pathlib import Path

import pytest
from load.loading import Loaded
from support.helpers import TS, Sources, Warehouse, event, song
from support.redshift_warehouse import RedshiftWarehouse

DAY = 86_400_000


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


LEDGER = ("from loaded_files order by all", "from rejected_rows order by all")
BUILD = ("build", "--exclude-resource-type", "test", "unit_test")


def rebuilt(warehouse: Warehouse) -> dict[str, str]:
    """The fingerprints after `--full-refresh` over the same staging tables."""
    warehouse.done("run", "--full-refresh")
    return warehouse.fingerprints()


# An earlier version had neither of these columns, nor what was built from them.
WITHOUT = [
    "alter table staging_events drop column user_agent",
    "alter table songplays drop column user_agent",
    "alter table int_user_steps drop column gender",
    "alter table time drop column weekday",
    "alter table expected_results drop column expected",
]
# What else version 0.0 had otherwise, which loaded into DuckDB alone.
OLDER = [
    "alter table superseded_rows drop column row_key",
    "alter table superseded_rows drop column superseded_path",
    "alter table users drop column registered_at",
    "drop table page_views; drop table dates",
    "drop table tested_loads; create table main_staging.tested_loads as"
    " select cast(1 as bigint) as load_id, cast(now() as timestamp) as tested_at",
    "delete from int_user_steps where user_id = ''",
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
    loaded = warehouse.answers(*LEDGER)
    for statement in WITHOUT + OLDER:
        warehouse.change(statement)
    assert warehouse.load(sources.data) == Loaded(0, 0, 0)
    assert warehouse.answers(*LEDGER) == loaded
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
