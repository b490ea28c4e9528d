"""A fingerprint is what its definition says, and tells any two contents apart."""

from datetime import datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from common.errors import WarehouseError
from dbt_project.runner import Dbt
from support import by_hand
from support.helpers import Warehouse

Row = tuple[Any, ...]

FREE: Row = ("8", "free", datetime(2018, 11, 1, 20, 57, 10, 796000), None, True)
BEFORE_1970, DAY = datetime(1969, 12, 31, 23, 59, 59, 999000), datetime(2018, 11, 2)
PAID: Row = ("9", "paid", BEFORE_1970, DAY, False)
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
    dbt: Dbt, tmp_path: Path
) -> None:
    fingerprints = Fingerprints(Warehouse(tmp_path / "warehouse.duckdb", dbt))
    found = [fingerprints.of(mart, *rows) for mart, rows in CONTENTS]
    assert found == [by_hand.fingerprint(rows) for _, rows in CONTENTS]
    assert found == [fingerprints.of(mart, *rows[::-1]) for mart, rows in CONTENTS]
    assert len({*found}) == len(CONTENTS)


def test_a_mart_without_a_contract_has_no_fingerprint(warehouse: Warehouse) -> None:
    message = "stg_events has no contract, so it has no fingerprint"
    with pytest.raises(WarehouseError, match=message):
        warehouse._opened().query("{{ contract_row_text('stg_events') }}")
