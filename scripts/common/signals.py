"""How a command ends when a signal, a disk or a file's owner stops it: in one line."""

import errno
import signal
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

import click

from common.errors import Interrupted, WarehouseError

FULL = {errno.ENOSPC, errno.EDQUOT, errno.EFBIG}


class PlainCommand(click.Command):
    """A command without tracebacks for what a user or the machine can cause."""

    def invoke(self, ctx: click.Context) -> Any:
        try:
            with _signals(), explained(lambda: "run the same command again"):
                return super().invoke(ctx)
        except OSError as error:
            if error.errno == errno.EPIPE:
                raise  # click ends quietly then: `| head` has read enough
            raise plain_os_error(error) from None


@contextmanager
def _signals() -> Iterator[None]:
    """SIGTERM ends a command as Ctrl-C does: temporary folders go, too.

    Ctrl-C counts even where the parent ignores it, as shells do for background jobs.
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
    temporary = f"target/, logs/, {tempfile.gettempdir()} or /dev/shm"
    return WarehouseError(
        f"{error.filename or temporary}: {error.strerror or error};"
        " check room, rights and owner there, and run again"
    )
