"""What only reads runs beside other readers, and a copy of the file works."""

import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import duckdb
import pytest
from common.errors import WarehouseError
from insights import insights
from support.helpers import Warehouse

READER = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=True):
    print("open", flush=True)
    sys.stdin.read()
"""


@pytest.fixture
def reader(tested: Warehouse) -> Iterator[subprocess.Popen[str]]:
    """Another process that reads the warehouse."""
    tested.release()
    with tested.start(
        sys.executable, "-c", READER, tested.path, stdin=subprocess.PIPE
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process
        process.terminate()


def test_a_reader_stands_beside_another_and_a_writer_is_refused(
    tested: Warehouse, reader: subprocess.Popen[str]
) -> None:
    dbt = tested._opened()
    sql = "select current_setting('temp_directory') as folder"
    spill = []
    for _ in range(2):
        with dbt.read_only():
            spill.append(dbt.query(sql)[0]["folder"])
    assert len({*spill, f"{tested.path}.tmp"}) == 3, "each process has its own"
    assert not any(Path(folder).exists() for folder in spill)
    with dbt.read_only():
        assert "<html" in insights(dbt)
    tested.release()
    with pytest.raises(WarehouseError, match=rf"\(PID {reader.pid}\) has this"):
        tested.build()


def test_a_copy_and_an_attached_file_work_under_any_name(
    tested: Warehouse, tmp_path: Path
) -> None:
    copy = tested.copy(tmp_path).path.rename(tmp_path / "copy.db")
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"attach '{copy}' as other (read_only)")
        views = connection.execute(
            "select schema_name, view_name from duckdb_views()"
            " where database_name = 'other'"
        ).fetchall()
        assert len(views) >= 2
        for schema, view in views:
            assert connection.execute(f"from other.{schema}.{view} limit 1").fetchall()
