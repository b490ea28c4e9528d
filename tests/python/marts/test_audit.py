"""The audit shows what was delivered when, and what does not add up."""

from pathlib import Path

import pytest
from command_line.report import history, print_loads
from support.helpers import (
    CONTRACTS,
    MARTS,
    Sources,
    Warehouse,
    WarehouseOnce,
    event,
    song,
)


@pytest.fixture(scope="module")
def audited(warehouse_once: WarehouseOnce) -> Warehouse:
    """Two loads, built: the second changes a file and an event of another one."""

    def fill(warehouse: Warehouse, folder: Path) -> None:
        sources = Sources(folder)
        sources.write_events("1.json", event(0), event(1), event(1, level="paid"))
        sources.write_events("2.json", event(2))
        sources.write_songs("A.json", song("SO1"))
        warehouse.load(sources.data)
        sources.write_events(
            "2.json", event(2, level="paid"), event(3, page="Home"), event(0)
        )
        sources.write_songs("B.json", song("SO2", title="Otra", artist_id="AR2"))
        warehouse.load(sources.data)
        warehouse.build()

    return warehouse_once("audited", fill)


@pytest.fixture
def delivered(audited: Warehouse, warehouse: Warehouse) -> Warehouse:
    """The same, to be changed at will."""
    audited.copy(warehouse.path.parent)
    return warehouse


def test_status_lists_each_load(
    delivered: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    print_loads(history(delivered._opened()))
    second, first = capsys.readouterr().out.splitlines()[-2:]
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
    assert delivered.rows(
        "select load_id, source, superseded_load_id, sum(row_count)"
        " from superseded_rows group by all order by all"
    ) == [
        (1, "events", 1, 1),
        (2, "events", 1, 2),
    ]
    delivered.done("test", "-s", "ledger_agrees_with_rows")


def failed(warehouse: Warehouse, *selected: str) -> set[str]:
    """The data tests that fail; none may end in an error."""
    found = {
        result.node.name: str(result.status)
        for result in warehouse.dbt("test", "-s", *selected).result
        if result.node.resource_type == "test"
    }
    assert set(found.values()) <= {"pass", "fail"}
    return {name for name in found if found[name] == "fail"}


def test_a_row_of_staging_too_many_or_too_few_is_found(delivered: Warehouse) -> None:
    for damage in (
        "delete from staging_events where item_in_session = 1",
        "delete from staging_events where item_in_session = 3",
        "insert into staging_songs select * replace ('SO9' as song_id)"
        " from staging_songs limit 1",
        "update staging_events set _load_id = 2 where item_in_session = 1",
        "delete from loaded_files where path like '%B.json'",
        "update loaded_files set rows_loaded = 2 where path like '%B.json'",
        "update loaded_files set rows_rejected = 1 where path like '%B.json'",
    ):
        with delivered.damaged(damage):
            assert failed(delivered, "ledger_agrees_with_rows"), damage
    assert not failed(delivered, "ledger_agrees_with_rows")


# Another value of a column, by its type; a contract's other types are like `integer`.
OTHER = {
    "varchar": "'other'",
    "boolean": "not {0}",
    "timestamp": "coalesce({0}, timestamp '2018-11-01') + interval 1 day",
    "date": "{0} + interval 1 day",
}


@pytest.mark.parametrize("mart", MARTS)
def test_a_mart_that_somebody_changed_by_hand_is_found(
    delivered: Warehouse, mart: str
) -> None:
    types = [
        (name, OTHER.get(type_.split("(")[0], "coalesce({0}, 0) + 1").format(name))
        for name, type_ in CONTRACTS[mart].items()
        if name != "_load_id"
    ]
    (key, extra), (column, value) = types[0], types[-1]
    one = f"rowid = (select min(rowid) from {mart})"
    comparison = f"{mart}_equals_a_rebuild"
    for damage, problems in {
        f"update {mart} set {column} = {value} where {one}": ["missing", "unexpected"],
        f"delete from {mart} where {one}": ["missing"],
        f"insert into {mart} select * replace ({extra} as {key}) from {mart}"
        f" where rowid = (select max(rowid) from {mart})": ["unexpected"],
    }.items():
        with delivered.damaged(damage):
            result = delivered.dbt("show", "-s", comparison).result
            rows = result.results[0].agate_table.rows
            assert sorted(row["problem"] for row in rows) == problems, damage
            if problems == ["missing"]:
                assert failed(delivered, comparison) == {comparison}
    with delivered.damaged(f"insert into {mart} select * from {mart} limit 1"):
        assert failed(delivered, mart), "a row twice"
