"""Errors that a user can cause: one line that says what, where and the next step."""

import enum
import sys
from typing import IO, Any

import click


class Exit(enum.IntEnum):
    """The exit codes of all commands."""

    DONE = 0
    FAILED = 1  # bad data, what AWS or the warehouse answered, a failed test
    USAGE = 2  # click's own
    REFUSED = 3  # before any change: settings, rights, preflight, not ours
    OUT_OF_TIME = 4  # the same command goes on from there
    CHANGES = 10  # a dry run found something to do
    INTERRUPTED = 130  # Ctrl-C or SIGTERM, as shells count it


class WarehouseError(click.ClickException):
    """Something failed; nothing was left half done."""

    exit_code = Exit.FAILED

    def __init__(self, message: str) -> None:
        # Settings and messages of servers may hold line ends.
        super().__init__(" ".join(message.splitlines()))

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"error: {self.format_message()}", file=file or sys.stderr)


class DatabaseError(WarehouseError):
    """An error of the database itself, not of this project's own checks."""


class Refused(WarehouseError):
    """Refused before anything was changed: settings, rights, preflight, not ours."""

    exit_code = Exit.REFUSED


class OutOfTime(WarehouseError):
    """Ran out of time; the same command goes on from there."""

    exit_code = Exit.OUT_OF_TIME


class Interrupted(WarehouseError):
    """Ctrl-C or SIGTERM came; the message says what state things are in."""

    exit_code = Exit.INTERRUPTED
