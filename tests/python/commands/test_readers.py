"""What only reads runs beside other readers, and a copy of the file works."""

import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb
import pytest
from click.testing import Result
from common.errors import WarehouseError
from insights_page.page import page
from support.helpers import Warehouse

OPEN = """
import duckdb, sys
with duckdb.connect(sys.argv[1], read_only=sys.argv[2] == "reader"):
    print("open", flush=True)
    sys.stdin.read()
"""


@contextmanager
def another(warehouse: Warehouse, role: str) -> Iterator[int]:
    """Another process that has the file open, by its id."""
    warehouse.release()
    with subprocess.Popen(
        [sys.executable, "-c", OPEN, warehouse.path, role],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    ) as process:
        assert process.stdout is not None
        assert process.stdout.readline() == "open\n"
        yield process.pid
        process.terminate()


def test_a_reader_stands_beside_another_and_a_writer_is_refused(
    tested: Warehouse,
) -> None:
    with another(tested, "reader") as pid:
        dbt = tested._opened()
        sql = "select current_setting('temp_directory') as folder"
        spill = []
        for _ in range(2):
            with dbt.read_only():
                spill.append(dbt.query(sql)[0]["folder"])
        assert len({*spill, f"{tested.path}.tmp"}) == 3, "each process has its own"
        assert not any(Path(folder).exists() for folder in spill)
        with dbt.read_only():
            assert "<html" in page(dbt)
        tested.release()
        with pytest.raises(WarehouseError, match=rf"\(PID {pid}\) has this"):
            tested.build()


def test_while_another_writes_who_is_refused_learns_which_process(
    tested: Warehouse,
    loaded: tuple[str, ...],
    run: Callable[..., Result],
    tmp_path: Path,
) -> None:
    assert run("export", tmp_path / "marts").exit_code == 0
    with another(tested, "writer") as pid:
        for words in (("run", *loaded), ("show", "headline"), ("status",)):
            refused = run(*words)
            assert (refused.exit_code, refused.stdout) == (1, "")
            assert refused.stderr.splitlines()[-1] == (
                f"error: {tested.path}: another process (PID {pid}) has this"
                " DuckDB file open; wait for it or close it, then run again"
            )
        plays = duckdb.read_parquet(str(tmp_path / "marts" / "songplays.parquet"))
        assert len(plays.fetchall()) == 1, "an export can be read"


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
