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

NOTHING_LOADED = "error: interrupted; nothing was loaded; run again"
LOADED = "error: interrupted; the load is complete, the marts are not; run again"


@pytest.mark.parametrize(
    "case",
    [
        ("listing", signal.SIGTERM, NOTHING_LOADED),
        ("loading", signal.SIGINT, NOTHING_LOADED),
        ("loaded", signal.SIGINT, LOADED),
        ("built", signal.SIGTERM, LOADED),
    ],
    ids=lambda case: f"{case[0]}-{case[1].name}",
)
def test_an_interrupted_run_says_what_is_done_and_the_next_goes_on_from_there(
    run: Callable[..., Result],
    warehouse: Warehouse,
    sources: Sources,
    monkeypatch: pytest.MonkeyPatch,
    case: tuple[str, signal.Signals, str],
) -> None:
    instant, number, said = case
    temporary = sources.events.with_name("temporary")
    temporary.mkdir()
    monkeypatch.setattr("tempfile.tempdir", str(temporary))
    used: list[Path] = []
    original = Dbt.operation

    def interrupt(*_: object) -> None:
        signal.raise_signal(number)

    def operation(self: Dbt, macro: str, **arguments: Any) -> None:
        is_load = macro == "load_staging"
        if is_load:
            used.extend(temporary.iterdir())
        if is_load and instant == "loading":
            interrupt()
        original(self, macro, **arguments)
        if is_load and instant == "loaded":
            interrupt()

    def say(line: str) -> None:
        if instant == "built" and line.startswith("built "):
            interrupt()

    with monkeypatch.context() as patch:
        patch.setattr(Dbt, "operation", operation)
        patch.setattr(runner, "say", say)
        if instant == "listing":
            patch.setattr(loading, "list_folder", interrupt)
        done = run("run", *sources.options)
    assert (done.exit_code, done.stdout) == (130, "")
    assert done.stderr.splitlines()[-1] == said
    assert warehouse.path.exists() == (instant != "listing")
    assert len(used) == (instant != "listing"), "there was a folder to remove"
    assert not list(temporary.iterdir())
    remaining = Loaded(2, 2, 0) if said == NOTHING_LOADED else Loaded(0, 0, 0)
    assert warehouse.load(sources.data) == remaining
