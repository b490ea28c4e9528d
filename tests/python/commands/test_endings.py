"""Ctrl-C and SIGTERM: one line that says what state things are in, nothing left."""

import os
import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import duckdb
import pytest
import warehouse as commands
from click.testing import CliRunner, Result
from dbt_project import runner
from dbt_project.runner import Dbt
from load import loading
from load.loading import Loaded
from support.helpers import COMMAND, Sources, Warehouse


@pytest.fixture
def run(
    dbt: Dbt, warehouse: Warehouse, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> Callable[[], Result]:
    """`run` in this process."""
    monkeypatch.setattr(commands, "Dbt", lambda target: dbt)
    monkeypatch.setenv("SPARKIFY_DUCKDB", str(warehouse.path))
    warehouse.release()
    dbt._invoke("parse")
    return lambda: CliRunner().invoke(commands.cli, ["run", *sources.options])


def ended(done: Result) -> str:
    """What an interrupted command said at last."""
    assert done.exit_code == 130
    assert done.stdout == ""
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_it_publishes_nothing_was_loaded(
    run: Callable[[], Result],
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    number: signal.Signals,
) -> None:
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path / "temporary"))
    (tmp_path / "temporary").mkdir()
    found: list[Path] = []

    def stop(*_: object, **__: object) -> None:
        found.extend((tmp_path / "temporary").iterdir())
        signal.raise_signal(number)

    original = Dbt.operation
    monkeypatch.setattr(
        Dbt,
        "operation",
        lambda self, macro, **arguments: (
            stop() if macro == "load_staging" else original(self, macro, **arguments)
        ),
    )
    assert ended(run()) == "error: interrupted; nothing was loaded; run again"
    assert len(found) == 1, "there was a folder to remove"
    assert not list((tmp_path / "temporary").iterdir())
    monkeypatch.undo()
    warehouse.release()
    with duckdb.connect(str(warehouse.path)) as connection:
        tables = "from duckdb_tables() where estimated_size > 0"
        assert not connection.execute(tables).fetchall()


def test_after_it_published_the_load_is_complete(
    run: Callable[[], Result],
    warehouse: Warehouse,
    sources: Sources,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    original = Dbt.operation

    def publish(self: Dbt, macro: str, **arguments: Any) -> None:
        original(self, macro, **arguments)
        if macro == "load_staging":
            signal.raise_signal(signal.SIGINT)

    with monkeypatch.context() as patch:
        patch.setattr(Dbt, "operation", publish)
        assert ended(run()) == (
            "error: interrupted; the load is complete, the marts are not; run again"
        )
    assert warehouse.value("select count(*) from loaded_files") == 2
    assert warehouse.load(sources.data) == Loaded(0, 0, 0)


def test_while_it_lists_nothing_was_loaded(
    run: Callable[[], Result], warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = lambda *_: signal.raise_signal(signal.SIGTERM)  # noqa: E731
    monkeypatch.setattr(loading, "list_folder", stop)
    assert ended(run()) == "error: interrupted; nothing was loaded; run again"
    assert not warehouse.path.exists()


def test_while_it_builds_the_load_is_complete_and_the_next_run_finishes(
    run: Callable[[], Result],
    warehouse: Warehouse,
    sources: Sources,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def stop(line: str) -> None:
        if line.startswith("built "):
            os.kill(os.getpid(), signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr(runner, "say", stop)
        assert ended(run()) == (
            "error: interrupted; the load is complete, the marts are not; run again"
        )
    assert warehouse.load(sources.data) == Loaded(0, 0, 0)
    warehouse.build()
    assert warehouse.value("select count(*) from songplays where song_id = 'SO1'") == 1


@pytest.mark.long
def test_a_process_that_is_terminated_leaves_no_temporary_folder(
    warehouse: Warehouse,
    sources: Sources,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    (tmp_path / "temporary").mkdir()
    monkeypatch.setenv("TMPDIR", str(tmp_path / "temporary"))
    process = warehouse.start(*COMMAND, "run", *sources.options)
    assert process.stderr is not None
    while not process.stderr.readline().startswith("built "):
        assert process.poll() is None
    process.terminate()
    done = warehouse.finished(process)
    assert done.returncode == 130
    assert done.stderr.splitlines()[-1] == (
        "error: interrupted; the load is complete, the marts are not; run again"
    )
    assert not list((tmp_path / "temporary").iterdir())
    assert warehouse.load(sources.data) == Loaded(0, 0, 0)
    warehouse.build()
    assert warehouse.value("select count(*) from songplays where song_id = 'SO1'") == 1
