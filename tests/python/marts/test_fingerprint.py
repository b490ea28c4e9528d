"""A fingerprint is what its definition says, and tells any two contents apart."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from common.errors import WarehouseError
from dbt_project.runner import Dbt
from support import by_hand
from support.helpers import Warehouse

Row = tuple[Any, ...]

FREE: Row = ("8", "free", datetime(2018, 11, 1, 20, 57, 10, 796000), None, True)
PAID: Row = (
    "9",
    "paid",
    datetime(1969, 12, 31, 23, 59, 59, 999000),
    datetime(2018, 11, 2),
    False,
)
SONG: Row = ("SO1", "Café", "AR1", 1999, Decimal("-0.50000"))
NEW_SONG: Row = ("SO2", "", None, None, None)


class Fingerprints:
    """The project's own SQL for a mart's fingerprint, run over rows made here."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.sql: dict[str, str] = {}
        self.table: dict[str, str] = {}
        nodes = warehouse.done("parse").nodes
        for mart in ("songs", "user_levels"):
            inline = f"{{{{ mart_fingerprint(ref('{mart}')) }}}}"
            [result] = warehouse.done("compile", "--inline", inline)
            self.sql[mart] = result.node.compiled_code
            columns = nodes[f"model.sparkify.{mart}"].columns
            typed = (f"{name} {of.data_type}" for name, of in columns.items())
            self.table[mart] = f"create table {mart} ({', '.join(typed)})"

    def of(self, mart: str, *rows: Row) -> str:
        """The fingerprint of a mart that holds just these rows, in this order."""
        with duckdb.connect() as database:
            database.execute("attach ':memory:' as warehouse; use warehouse")
            database.execute(self.table[mart])
            for row in rows:
                places = ", ".join("?" * len(row))
                database.execute(f"insert into {mart} values ({places})", row)
            [(count, fingerprint)] = database.execute(self.sql[mart]).fetchall()
        assert count == len(rows)
        return str(fingerprint)


@pytest.fixture(scope="module")
def fingerprints(dbt: Dbt, tmp_path_factory: pytest.TempPathFactory) -> Fingerprints:
    folder = tmp_path_factory.mktemp("fingerprints")
    return Fingerprints(Warehouse(folder / "warehouse.duckdb", dbt))


@pytest.mark.parametrize(
    ("mart", "rows"),
    [
        ("user_levels", []),
        ("user_levels", [FREE, PAID]),
        ("songs", [SONG, NEW_SONG, SONG]),
    ],
)
def test_a_fingerprint_is_what_its_definition_says(
    fingerprints: Fingerprints, mart: str, rows: list[Row]
) -> None:
    assert fingerprints.of(mart, *rows) == by_hand.fingerprint(rows)


def test_the_order_of_rows_is_no_part_of_a_fingerprint(
    fingerprints: Fingerprints,
) -> None:
    forth = fingerprints.of("user_levels", FREE, PAID)
    assert forth == fingerprints.of("user_levels", PAID, FREE)


@pytest.mark.parametrize(
    ("mart", "row", "other"),
    [
        pytest.param("songs", SONG, ("SO1", "Cafe", *SONG[2:]), id="a text"),
        pytest.param("songs", SONG, (*SONG[:3], 2000, SONG[4]), id="a number"),
        pytest.param("songs", SONG, (*SONG[:4], Decimal("0.5")), id="a decimal"),
        pytest.param(
            "user_levels",
            FREE,
            (*FREE[:2], FREE[2] + timedelta(milliseconds=1), *FREE[3:]),
            id="a millisecond",
        ),
        pytest.param("user_levels", FREE, (*FREE[:4], False), id="a boolean"),
        pytest.param(
            "songs", NEW_SONG, ("SO2", None, *NEW_SONG[2:]), id="null and empty text"
        ),
        pytest.param(
            "songs", NEW_SONG, ("SO2", None, "", *NEW_SONG[3:]), id="null moved"
        ),
        pytest.param(
            "songs", SONG, ("Café", "SO1", *SONG[2:]), id="two columns swapped"
        ),
        pytest.param(
            "songs", SONG, ("SO1C", "afé", *SONG[2:]), id="text moved to its neighbour"
        ),
    ],
)
def test_a_changed_value_changes_the_fingerprint(
    fingerprints: Fingerprints, mart: str, row: Row, other: Row
) -> None:
    assert fingerprints.of(mart, row) != fingerprints.of(mart, other)


def test_values_that_change_rows_change_the_fingerprint(
    fingerprints: Fingerprints,
) -> None:
    swapped = [(SONG[0], *NEW_SONG[1:]), (NEW_SONG[0], *SONG[1:])]
    assert fingerprints.of("songs", SONG, NEW_SONG) != fingerprints.of(
        "songs", *swapped
    )
    assert fingerprints.of("songs", SONG) != fingerprints.of("songs", SONG, SONG)


def test_a_mart_without_a_contract_has_no_fingerprint(warehouse: Warehouse) -> None:
    message = "stg_events has no contract, so it has no fingerprint"
    with pytest.raises(WarehouseError, match=message):
        warehouse._opened().text("{{ contract_row_text('stg_events') }}")
