"""A fingerprint is what its definition says, and tells any two contents apart."""

from datetime import datetime, timedelta
from decimal import Decimal
from typing import Any

import duckdb
import pytest
from common.errors import WarehouseError
from support import by_hand
from support.helpers import CONTRACTS, Warehouse

Row = tuple[Any, ...]

FREE: Row = ("8", "free", datetime(2018, 11, 1, 20, 57, 10, 796000), None, True)
BEFORE_1970, DAY = datetime(1969, 12, 31, 23, 59, 59, 999000), datetime(2018, 11, 2)
PAID: Row = ("9", "paid", BEFORE_1970, DAY, False)
SONG: Row = ("SO1", "Café", "AR1", 1999, Decimal("-0.50000"))
NEW_SONG: Row = ("SO2", "", None, None, None)


def fingerprint(sql: str, mart: str, rows: list[Row]) -> str:
    """What a mart's SQL says of a table that holds just these rows, in this order."""
    columns = CONTRACTS[mart]
    places = ", ".join("?" * len(columns))
    with duckdb.connect() as database:
        database.execute("attach ':memory:' as warehouse; use warehouse")
        typed = ", ".join(f"{name} {of}" for name, of in columns.items())
        database.execute(f"create table {mart} ({typed})")
        for row in rows:
            database.execute(f"insert into {mart} values ({places})", row)
        [(count, found)] = database.execute(sql).fetchall()
    assert count == len(rows)
    return str(found)


# Contents that differ in little: in a value, in where it is, in how often it is there.
CONTENTS: list[tuple[str, list[Row]]] = [
    ("user_levels", []),
    ("user_levels", [FREE]),
    ("user_levels", [FREE, PAID]),
    ("user_levels", [(*FREE[:2], FREE[2] + timedelta(milliseconds=1), *FREE[3:])]),
    ("user_levels", [(*FREE[:4], False)]),
    ("songs", [SONG]),
    ("songs", [SONG, SONG]),
    ("songs", [("SO1", "Cafe", *SONG[2:])]),
    ("songs", [("SO1C", "afé", *SONG[2:])]),
    ("songs", [("Café", "SO1", *SONG[2:])]),
    ("songs", [(*SONG[:3], 2000, SONG[4])]),
    ("songs", [(*SONG[:4], Decimal("0.50000"))]),
    ("songs", [NEW_SONG]),
    ("songs", [("SO2", None, *NEW_SONG[2:])]),
    ("songs", [("SO2", None, "", *NEW_SONG[3:])]),
    ("songs", [SONG, NEW_SONG, SONG]),
    ("songs", [(SONG[0], *NEW_SONG[1:]), (NEW_SONG[0], *SONG[1:]), SONG]),
]


def test_a_fingerprint_is_its_definition_and_differs_with_the_rows_not_their_order(
    warehouse: Warehouse,
) -> None:
    sql = {}
    for mart in ("songs", "user_levels"):
        inline = f"{{{{ mart_fingerprint(ref('{mart}')) }}}}"
        (result,) = warehouse.done("compile", "--inline", inline)
        sql[mart] = result.node.compiled_code
    found = [fingerprint(sql[mart], mart, rows) for mart, rows in CONTENTS]
    assert found == [by_hand.fingerprint(rows) for _, rows in CONTENTS]
    backwards = [fingerprint(sql[mart], mart, rows[::-1]) for mart, rows in CONTENTS]
    assert found == backwards
    assert len({*found}) == len(CONTENTS)


def test_a_mart_without_a_contract_has_no_fingerprint(warehouse: Warehouse) -> None:
    message = "stg_events has no contract, so it has no fingerprint"
    with pytest.raises(WarehouseError, match=message):
        warehouse._opened().query("{{ contract_row_text('stg_events') }}")
