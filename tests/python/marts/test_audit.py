"""The audit shows what was delivered when, and what does not add up."""

from pathlib import Path

import pytest
from support.helpers import Sources, Warehouse, event, song


@pytest.fixture
def delivered(warehouse: Warehouse, tmp_path: Path) -> Warehouse:
    """Two loads: the second changes a file and an event of another one."""
    sources = Sources(tmp_path)
    sources.write_events("1.json", event(0), event(1), event(1, level="paid"))
    sources.write_events("2.json", event(2))
    sources.write_songs("A.json", song("SO1"))
    warehouse.load(sources.data)
    sources.write_events("2.json", event(2, level="paid"), event(3), event(0))
    sources.write_songs("B.json", song("SO2"))
    warehouse.load(sources.data)
    return warehouse


def test_status_lists_each_load(delivered: Warehouse) -> None:
    done = delivered.command("status")
    assert done.returncode == 0, done.stderr
    second, first = done.stdout.splitlines()[-2:]
    names = ("load", "files", "changed", "rows", "rejected")
    assert dict(zip(names, second.split(), strict=False)) == {
        "load": "2",
        "files": "2",
        "changed": "1",
        "rows": "4",
        "rejected": "0",
    }
    assert first.split()[:5] == ["1", "3", "0", "5", "0"]


def test_file_history_shows_both_versions(delivered: Warehouse) -> None:
    shown = delivered.done("show", "-s", "file_history", "--limit", "-1")
    assert [
        (Path(row["path"]).name, row["delivery"], row["what"], row["rows_loaded"])
        for row in shown[0].agate_table.rows
    ] == [
        ("1.json", 1, "new", 3),
        ("2.json", 1, "new", 1),
        ("2.json", 2, "changed", 3),
        ("A.json", 1, "new", 1),
        ("B.json", 1, "new", 1),
    ]


def test_the_ledger_agrees_with_superseded_rows(delivered: Warehouse) -> None:
    assert delivered.rows("select * from superseded_rows order by all") == [
        (1, "events", 1, 1),
        (2, "events", 1, 2),
    ]
    delivered.done("test", "-s", "ledger_agrees_with_rows")


@pytest.mark.parametrize(
    "damage",
    [
        "delete from staging_events where item_in_session = 1",
        "delete from staging_events where item_in_session = 3",
        "insert into staging_songs select * replace ('SO9' as song_id)"
        " from staging_songs limit 1",
        "update staging_events set _load_id = 2 where item_in_session = 1",
        "delete from loaded_files where path like '%B.json'",
        "update loaded_files set rows_loaded = 2 where path like '%B.json'",
        "update loaded_files set rows_rejected = 1 where path like '%B.json'",
    ],
)
def test_a_row_too_many_or_too_few_is_found(delivered: Warehouse, damage: str) -> None:
    delivered.change(damage)
    answer = delivered.dbt("test", "-s", "ledger_agrees_with_rows")
    assert "fail" in [result.status for result in answer.result]
