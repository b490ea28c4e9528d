"""How a command ends when a signal, a disk or a file's owner stops it: in one line."""

import errno
import os
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from common.errors import Interrupted, Refused, WarehouseError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}
NOT_OURS = {errno.EACCES, errno.EPERM, errno.EROFS}


class _Plain(click.Command):
    """A command without tracebacks for what a user or the machine can cause."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _signals(), explained(lambda: "run the same command again"):
                return super().invoke(ctx)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # click ends quietly then: `| head` has read enough
            raise plain_os_error(error) from None
        except ModuleNotFoundError as error:
            raise Refused(
                f"{error.name} is not installed for {sys.executable}; use"
                " .venv/bin/python, which `make setup` makes"
            ) from None


class PlainCommand(_Plain):
    """For a script of one command."""


class PlainGroup(_Plain, click.Group):
    """For a script of several commands."""


@contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does: temporary folders go, too.

    Python drops what is raised in a finalizer, KeyboardInterrupt too: raise it once
    more a moment later.
    """

    def again(dropped: Any) -> None:
        if issubclass(dropped.exc_type, KeyboardInterrupt):
            signal.setitimer(signal.ITIMER_REAL, 0.05)
        else:
            sys.__unraisablehook__(dropped)

    before = {
        number: signal.signal(number, signal.default_int_handler)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGALRM)
    }
    sys.unraisablehook = again
    try:
        yield
    finally:
        sys.unraisablehook = sys.__unraisablehook__
        for number, handler in before.items():
            signal.signal(number, handler)


@contextmanager
def explained(state: Callable[[], str]) -> Iterator[None]:
    """Raise Interrupted for Ctrl-C or SIGTERM; `state` gives the rest of its line."""
    try:
        yield
    except KeyboardInterrupt:
        raise Interrupted(f"interrupted; {state()}") from None


def was_interrupted(error: BaseException | None) -> bool:
    """Whether an error is, or came while somebody dealt with, a KeyboardInterrupt."""
    while error and not isinstance(error, KeyboardInterrupt):
        error = error.__context__
    return error is not None


def plain_os_error(error: OSError) -> WarehouseError:
    """What the machine refused, where, and the next step."""
    where, reason = error.filename, error.strerror or str(error)
    if not where:
        places = f"target/, logs/, {tempfile.gettempdir()} and /dev/shm"
        return WarehouseError(
            f"{reason}, and the system does not name the file; check room and rights in"
            f" {places}, and run again"
        )
    if error.errno in FULL:
        return WarehouseError(f"{where}: {reason}; make room and run again")
    if error.errno in NOT_OURS:
        return WarehouseError(
            f"{where}: {reason}; if another user, such as root, made it:"
            f" `sudo chown -R {os.environ.get('USER', '$USER')} {where}`"
        )
    return WarehouseError(f"{where}: {reason}; check this path and run again")
