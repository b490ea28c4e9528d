"""Errors that a user can cause: one line that says what, where and the next step."""

import sys
from typing import IO, Any

import click

CHANGES = 10  # the exit code of a dry run that found something to do


class WarehouseError(click.ClickException):
    """Something failed; nothing was left half done."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        # Settings and messages of servers may hold line ends.
        super().__init__(" ".join(message.splitlines()))

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"error: {self.format_message()}", file=file or sys.stderr)


class DatabaseError(WarehouseError):
    """An error of the database itself, not of this project's own checks."""


class Refused(WarehouseError):
    """Refused before anything was changed: settings, rights, preflight, not ours."""

    exit_code = 3


class OutOfTime(WarehouseError):
    """Ran out of time; the same command goes on from there."""

    exit_code = 4


class Interrupted(WarehouseError):
    """Ctrl-C or SIGTERM came; the message says what state things are in."""

    exit_code = 130  # as shells count it
