"""Errors that a user can cause: one line that says what, where and the next step."""

import sys
from typing import IO, Any

import click


class WarehouseError(click.ClickException):
    """Something failed; nothing was left half done. Exit code 1."""

    exit_code = 1

    def __init__(self, message: str) -> None:
        # Settings and servers' words may hold line ends.
        super().__init__(" ".join(message.splitlines()))

    def show(self, file: IO[Any] | None = None) -> None:
        click.echo(f"error: {self.format_message()}", file=file or sys.stderr)


class DatabaseError(WarehouseError):
    """Words of the database itself, not of this project's own checks."""


class Refused(WarehouseError):
    """Refused before anything was changed: permission, preflight, not ours."""

    exit_code = 3


class OutOfTime(WarehouseError):
    """Ran out of time; the same command goes on from there."""

    exit_code = 4
