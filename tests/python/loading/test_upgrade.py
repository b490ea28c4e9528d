"""A warehouse that an earlier version made is brought up to date, and loses nothing."""

import pytest
from support.helpers import TS, Warehouse, event, song
from support.redshift_warehouse import RedshiftWarehouse

LEDGER = ("select load_id, path, rows_loaded, rows_rejected from loaded_files",)
LEDGER += ("select path, line, reason from rejected_rows",)
BUILD = ("build", "--exclude-resource-type", "test", "unit_test")
# An earlier version had none of these columns, nor what was built from them.
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
    subject: Warehouse | RedshiftWarehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    is_duckdb = isinstance(subject, Warehouse)
    change = subject.change if is_duckdb else subject.rows
    nobody, other = event(1, userId=""), event(2, song="Otra")
    subject.put_events("1.json", event(0), nobody, other)
    subject.put_events("2.json", event(3, status="bad"), event(4, level="paid"))
    subject.put_songs("A.json", song("SO1"))
    subject.load(max_errors=1)
    subject.done(*BUILD)
    loaded = [sorted(subject.rows(query)) for query in LEDGER]
    for statement in WITHOUT + (OLDER if is_duckdb else []):
        change(statement)
    assert subject.load().files == 0
    assert [sorted(subject.rows(query)) for query in LEDGER] == loaded
    # A day, a corrected file, and a song that an old play was waiting for.
    subject.put_events("2.json", event(4, level="free"))
    subject.put_events("3.json", event(5, ts=TS + 86_400_000, userId="8"))
    subject.put_songs("B.json", song("SO2", title="Otra"))
    subject.load()
    subject.build()
    assert capsys.readouterr().err.count(ADDED) == 1
    agents = "select count(*), count(user_agent) from staging_events"
    assert list(map(str, subject.rows(agents)[0])) == ["5", "2"]
    marts = subject.status()["marts"]
    subject.done("run", "--full-refresh")
    assert subject.status()["marts"] == marts
    subject.load(reload=True)
    assert list(map(str, subject.rows(agents)[0])) == ["5", "5"]
