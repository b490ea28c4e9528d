"""What a terminal shows, and a pipe does not: progress, and tables within its width."""

import os
import pty
import sys
from collections.abc import Iterator
from contextlib import contextmanager, suppress

import pytest
from command_line.report import print_table
from common.messages import progress

WIDE = [{"title": "夜汽車 [b]", "plays": 7, "text": "word " * 30}]


@contextmanager
def terminal(stream: str) -> Iterator[list[str]]:
    """A terminal of 60 columns in place of a stream: what it shows, afterwards."""
    screen, end = pty.openpty()
    text, shown = b"", []
    with pytest.MonkeyPatch.context() as patch, os.fdopen(end, "w") as out:
        patch.setenv("COLUMNS", "60")
        patch.setenv("TERM", "xterm")
        patch.setattr(sys, stream, out)
        yield shown
    with suppress(OSError):  # a terminal's way to say that it was closed
        while more := os.read(screen, 100_000):
            text += more
    os.close(screen)
    shown += text.decode().splitlines()


def test_a_terminal_shows_each_step_and_a_pipe_none(
    capsys: pytest.CaptureFixture[str],
) -> None:
    with progress("building", 0) as advance:
        advance(1, "songplays", 45)
    assert capsys.readouterr() == ("", "")
    with terminal("stderr") as shown:
        with progress("building", 0) as advance:
            advance(7, "songplays", 45)
        with progress("reading", 2_000_000, in_bytes=True) as advance:
            advance(500_000)
    for words in ("songplays", "7 of 45", "0.5/2.0 MB"):
        assert words in "\n".join(shown)


def test_a_table_wraps_on_a_terminal_and_is_whole_in_a_pipe(
    capsys: pytest.CaptureFixture[str],
) -> None:
    print_table(WIDE)
    head, _, line = capsys.readouterr().out.splitlines()
    assert line == f"夜汽車 [b]       7   {'word ' * 30}".rstrip()
    assert head.index("text") == line.index("word") + 3  # three letters are wide
    with terminal("stdout") as shown:
        print_table(WIDE)
    assert len(shown) > 4
    assert all(len(line) <= 60 for line in shown)
