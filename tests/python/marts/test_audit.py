"""The audit shows what was delivered when, and what does not add up."""

import json
from pathlib import Path

import pytest
from command_line.report import print_loads
from common.errors import WarehouseError
from support import by_hand
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
        warehouse.done("build", "--exclude-resource-type", "test", "unit_test")

    return warehouse_once("audited", fill)


@pytest.fixture
def delivered(audited: Warehouse, warehouse: Warehouse) -> Warehouse:
    """The same, to be changed at will."""
    audited.copy(warehouse.path.parent)
    return warehouse


def test_each_load_and_both_versions_of_a_file_are_shown(
    delivered: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    print_loads(delivered._opened().query("{{ load_history() }}"))
    second, first = capsys.readouterr().out.splitlines()[-2:]
    # The load, its files, those that changed, rows and rejected rows.
    assert second.split()[:5] == ["2", "2", "1", "4", "0"]
    assert first.split()[:5] == ["1", "3", "0", "5", "0"]
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
    assert delivered.rows(
        "select load_id, source, superseded_load_id, sum(row_count)"
        " from superseded_rows group by all order by all"
    ) == [(1, "events", 1, 1), (2, "events", 1, 2)]


def failures(warehouse: Warehouse, *selected: str) -> dict[str, int]:
    """The data tests that fail and how many rows each has; none may end in an error."""
    results = [
        result
        for result in warehouse.dbt("test", "-s", *selected).result
        if result.node.resource_type == "test"  # hooks have results too
    ]
    assert {str(result.status) for result in results} <= {"pass", "fail"}
    return {result.node.name: result.failures for result in results if result.failures}


def test_a_count_that_is_off_fails_with_the_expected_files_only(
    delivered: Warehouse,
) -> None:
    counts = "expected_results,test_type:singular"
    assert failures(delivered, counts) == {}, "other files"
    etags = {etag for (etag,) in delivered.rows("select etag from loaded_files")}
    expected = {"real_data_etags": [by_hand.set_fingerprint(etags)]}
    ours = (counts, "--vars", json.dumps(expected))
    (every_count,) = failures(delivered, *ours).values()
    assert every_count > 10
    delivered.change(
        "update expected_results set expected = 2 where name like '%songs'"
    )
    (all_but_some,) = failures(delivered, *ours).values()
    assert all_but_some == every_count - 4, "staging and mart, this system and earlier"
    delivered.change("delete from loaded_files where path like '%B.json'")
    assert failures(delivered, *ours) == {}


def test_a_row_of_staging_too_many_or_too_few_is_found(delivered: Warehouse) -> None:
    ledger = "ledger_agrees_with_rows"
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
            assert failures(delivered, ledger), damage
    assert failures(delivered, ledger) == {}


# Another value of a column, by its type; a contract's other types are like `integer`.
OTHER = {
    "varchar": "'other'",
    "boolean": "not {0}",
    "timestamp": "coalesce({0}, timestamp '2018-11-01') + interval 1 day",
    "date": "{0} + interval 1 day",
}


def test_a_mart_that_somebody_changed_by_hand_is_found(delivered: Warehouse) -> None:
    before = delivered.fingerprints().items()
    changed, repeated = [], []
    for mart, columns in CONTRACTS.items():
        *_, last = (name for name in columns if name != "_load_id")
        of = columns[last].split("(")[0]
        other = OTHER.get(of, "coalesce({0}, 0) + 1").format(last)
        changed.append(
            f"update {mart} set {last} = {other}"
            f" where rowid = (select min(rowid) from {mart})"
        )
        repeated.append(f"insert into {mart} select * from {mart} limit 1")
    with delivered.damaged(";".join(changed)):
        # The row that is there is too many, and the one that was there is missing.
        assert failures(delivered, "test_name:equals_a_rebuild") == {
            f"{mart}_equals_a_rebuild": 2 for mart in MARTS
        }
        assert not before & delivered.fingerprints().items()
    with delivered.damaged(";".join(repeated)):
        keys = ("test_name:unique", "test_name:unique_together")
        assert len(failures(delivered, *keys)) == len(MARTS), "a row twice"
        assert not before & delivered.fingerprints().items()


def test_a_mart_without_a_contract_has_no_fingerprint(warehouse: Warehouse) -> None:
    message = "stg_events has no contract, so it has no fingerprint"
    with pytest.raises(WarehouseError, match=message):
        warehouse._opened().query("{{ contract_row_text('stg_events') }}")
