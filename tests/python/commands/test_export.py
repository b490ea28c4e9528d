"""An export is complete or not there, and readable while a run writes."""

import json
import os
import shutil
import signal
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
from click.testing import Result
from export.exporting import DATABASE, export
from export.folder import current, locked
from support.helpers import DataSet, Warehouse

Run = Callable[..., Result]
Tables = dict[str, list[tuple[Any, ...]]]


def exported(folder: Path) -> Tables:
    """What an export holds, the same in its two forms."""
    tables = {
        path.stem: duckdb.read_parquet(str(path)).order("all").fetchall()
        for path in folder.glob("*.parquet")
    }
    with tempfile.TemporaryDirectory() as elsewhere, duckdb.connect() as connection:
        other = str(Path(elsewhere) / "other name.db")
        shutil.copy(folder / DATABASE, other)
        connection.execute(f"attach '{other}' as copied (read_only)")
        names = connection.execute("select table_name from duckdb_tables()").fetchall()
        assert tables == {
            name: connection.table(f"copied.{name}").order("all").fetchall()
            for (name,) in names
        }
        # Every DuckDB from 1.3 on opens it.
        made = "select tags.storage_version from duckdb_databases() where path = ?"
        assert connection.execute(made, [other]).fetchall() == [("v1.3.0+",)]
    return tables


def marts(warehouse: Warehouse) -> Tables:
    """The marts of a warehouse."""
    names = list(warehouse.status()["marts"])
    rows = warehouse.answers(*(f"from main.{name} order by all" for name in names))
    return dict(zip(names, rows, strict=True))


def written(warehouse: Warehouse, folder: Path, build: str = "first") -> None:
    """An export in this process, of a build by this name."""
    dbt = warehouse._opened()
    export(dbt, folder, [row | {"build": build} for row in dbt.counts()])


def test_an_export_has_every_mart_in_two_forms(
    sample_set: DataSet, tmp_path: Path
) -> None:
    folder = tmp_path / "it's" / "marts"
    written(sample_set.warehouse, folder)
    tables = exported(folder)
    assert tables == marts(sample_set.warehouse)
    assert {name: len(rows) for name, rows in tables.items()} == {
        name: len(rows) for name, rows in sample_set.rows.items()
    }
    modes = {path.stat().st_mode & 0o222 for path in folder.iterdir()}
    assert modes == {0}, "nobody can write to it"


def test_only_what_has_passed_its_tests_is_exported(
    tested: Warehouse, loaded: tuple[str, ...], run: Run, tmp_path: Path
) -> None:
    folder = tmp_path / "marts"
    with tested.damaged("delete from tested_loads"):
        refused = run("export", folder)
        assert (refused.exit_code, refused.stdout) == (3, "")
        assert refused.stderr == (
            f"error: {tested.path} changed after its tests passed; run"
            " `warehouse.py run`\n"
        )
        assert not os.path.lexists(folder)
    daily = ("run", "--json", *loaded, "--export", folder)
    first = run(*daily)
    assert (first.exit_code, exported(folder)) == (0, marts(tested)), first.stderr
    made = current(folder)
    assert (
        json.loads(first.stdout)["export"].items()
        >= {
            "marts": {name: len(rows) for name, rows in marts(tested).items()},
            "bytes": sum(path.stat().st_size for path in folder.iterdir()),
        }.items()
    )
    for words in (daily, ("export", folder)):
        done = run(*words)
        assert done.exit_code == 0
        assert f"{folder} has this build already\n" in done.stderr
    assert current(folder) == made


def test_what_no_export_made_is_not_replaced(
    tested: Warehouse, run: Run, tmp_path: Path
) -> None:
    mine, link, empty = (tmp_path / name for name in ("mine", "link", "empty"))
    mine.mkdir()
    (mine / "songplays.parquet").write_text("mine")
    link.symlink_to(mine)
    for folder in (mine, link):
        refused = run("run", "--export", folder)
        assert (refused.exit_code, refused.stderr) == (
            3,
            f"error: {folder} is not an export, so it is not replaced; name a new"
            " folder\n",
        ), "before any load"
    empty.mkdir()
    with locked(empty):
        refused = run("export", empty)
        assert refused.exit_code == 3
        assert f"{empty}: another process exports to it; wait" in refused.stderr
    assert run("export", empty).exit_code == 0
    assert exported(empty) == marts(tested)


@pytest.mark.parametrize("kills", [5, pytest.param(100, marks=pytest.mark.long)])
def test_an_export_killed_at_any_instant_leaves_the_old_one_or_the_new(
    tested: Warehouse, tmp_path: Path, kills: int
) -> None:
    folder = tmp_path / "marts"
    written(tested, folder)
    old, before = current(folder), exported(folder)
    assert old is not None
    # The first and the last mart that are written differ.
    tested.change("delete from songplays; delete from user_levels")
    after = marts(tested)
    began = time.monotonic()
    written(tested, tmp_path / "measured")
    whole = time.monotonic() - began
    seen = []

    def again() -> None:
        written(tested, folder, "second")
        signal.pause()

    for number in range(kills):
        process = tested.start(again)
        time.sleep(whole * number / kills)
        if number == kills - 1:
            while current(folder) == old:
                assert process.is_alive()
        process.kill()
        process.join()
        tables = exported(folder)
        assert tables in (before, after)
        seen.append(tables == after)
        assert exported(old) == before, "somebody may still read it"
        if tables == after and number < kills - 1:
            folder.unlink()
            folder.symlink_to(old.relative_to(tmp_path))
    print(f"{kills} kills within {whole:.2f} s, {sum(seen)} after the rename")
    assert (seen[0], seen[-1]) == (False, True)
    written(tested, folder, "third")
    kept = set((tmp_path / ".marts.exports").iterdir())
    assert len(kept) == 2, "the last two: what died is removed"
