"""Ctrl-C and SIGTERM: one line that says what state things are in, nothing left."""

import signal
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from dbt_project import runner
from dbt_project.runner import Dbt
from load import loading
from load.loading import Loaded
from support.helpers import Sources, Warehouse

Run = Callable[..., Result]
NOTHING_LOADED = "error: interrupted; nothing was loaded; run again"
LOADED = "error: interrupted; the load is complete, the marts are not; run again"


def ended(done: Result) -> str:
    """What an interrupted command said at last."""
    assert (done.exit_code, done.stdout) == (130, "")
    return done.stderr.splitlines()[-1]


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGTERM])
def test_before_it_publishes_nothing_was_loaded(
    run: Run,
    warehouse: Warehouse,
    sources: Sources,
    monkeypatch: pytest.MonkeyPatch,
    number: signal.Signals,
) -> None:
    temporary = sources.events.with_name("temporary")
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    found: list[Path] = []
    original = Dbt.operation

    def stop(self: Dbt, macro: str, **arguments: Any) -> None:
        if macro != "load_staging":
            return original(self, macro, **arguments)
        found.extend(temporary.iterdir())
        return signal.raise_signal(number)

    with monkeypatch.context() as patch:
        patch.setattr(Dbt, "operation", stop)
        assert ended(run("run", *sources.options)) == NOTHING_LOADED
    assert len(found) == 1, "there was a folder to remove"
    assert not list(temporary.iterdir())
    assert warehouse.load(sources.data) == Loaded(2, 2, 0)


def test_while_it_lists_nothing_was_loaded(
    run: Run, warehouse: Warehouse, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    stop = lambda *_: signal.raise_signal(signal.SIGTERM)  # noqa: E731
    monkeypatch.setattr(loading, "list_folder", stop)
    assert ended(run("run", *sources.options)) == NOTHING_LOADED
    assert not warehouse.path.exists()


@pytest.mark.parametrize("instant", ["published", "built"])
def test_after_it_published_the_load_is_complete(
    run: Run,
    warehouse: Warehouse,
    sources: Sources,
    monkeypatch: pytest.MonkeyPatch,
    instant: str,
) -> None:
    original = Dbt.operation

    def published(self: Dbt, macro: str, **arguments: Any) -> None:
        original(self, macro, **arguments)
        if macro == "load_staging":
            signal.raise_signal(signal.SIGINT)

    def built(line: str) -> None:
        if line.startswith("built "):
            signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch:
        if instant == "published":
            patch.setattr(Dbt, "operation", published)
        else:
            patch.setattr(runner, "say", built)
        assert ended(run("run", *sources.options)) == LOADED
    assert warehouse.load(sources.data) == Loaded(0, 0, 0)
