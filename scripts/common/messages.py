"""What a command says on stderr while it works."""

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

# Moves a progress bar: steps done, what is done now, and how many steps there are.
Advance = Callable[..., None]


def say(line: str) -> None:
    """One line of progress."""
    click.echo(line, err=True)


def warn(line: str) -> None:
    """One line that a person should read; the work goes on."""
    click.echo(f"warning: {line}", err=True)


@contextmanager
def progress(label: str, length: int, in_bytes: bool = False) -> Iterator[Advance]:
    """A progress bar of so many steps or bytes; hidden where no terminal shows it."""
    if not sys.stderr.isatty():
        yield lambda *_: None
        return
    from rich import progress as bars
    from rich.console import Console

    count = bars.TextColumn("{task.completed} of {task.total}")
    with bars.Progress(
        bars.TextColumn("{task.description}"),
        bars.DownloadColumn() if in_bytes else count,
        bars.BarColumn(20),
        bars.TimeElapsedColumn(),
        bars.TextColumn("{task.fields[what]}", markup=False),
        console=Console(stderr=True),
        transient=True,
    ) as shown:
        task = shown.add_task(label, total=length, what="")

        def advance(steps: int, what: str | None = None, total: int = 0) -> None:
            changed: dict[str, Any] = {"what": what} if what else {}
            shown.update(task, advance=steps, total=total or None, **changed)

        yield advance
