"""What a command says on stderr while it works."""

import sys
from contextlib import AbstractContextManager
from typing import Any

import click


def say(line: str) -> None:
    """One line of progress."""
    click.echo(line, err=True)


def warn(line: str) -> None:
    """One line that a person should read; the work goes on."""
    click.echo(f"warning: {line}", err=True)


def progress(label: str, length: int) -> AbstractContextManager[Any]:
    """A progress bar with `update(steps)`; hidden where no terminal shows it."""
    return click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    )
