"""What a terminal shows, and a pipe does not: progress, and tables within its width."""

import os
import pty
import sys
from collections.abc import Iterator
from contextlib import suppress
from typing import TextIO

import pytest
from command_line.report import print_table
from common.messages import progress

WIDE = [{"title": "夜汽車 [b]", "plays": 7, "text": "word " * 30}]


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[tuple[int, TextIO]]:
    """A terminal of 60 columns: what shows it, and what is written to."""
    monkeypatch.setenv("COLUMNS", "60")
    monkeypatch.setenv("TERM", "xterm")
    screen, end = pty.openpty()
    yield screen, os.fdopen(end, "w")
    os.close(screen)


def shown(screen: int, out: TextIO) -> str:
    """All that was written to the terminal."""
    out.close()
    text = b""
    with suppress(OSError):  # a terminal's way to say that it was closed
        while more := os.read(screen, 100_000):
            text += more
    return text.decode()


def test_a_terminal_shows_each_step_and_a_pipe_none(
    terminal: tuple[int, TextIO],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen, out = terminal
    with progress("building", 0) as bar:
        bar.update(1, "songplays", 45)
    assert capsys.readouterr() == ("", "")
    monkeypatch.setattr(sys, "stderr", out)
    with progress("building", 0) as bar:
        bar.update(7, "songplays", 45)
    with progress("reading", 2_000_000, in_bytes=True) as bar:
        bar.update(500_000)
    text = shown(screen, out)
    assert "songplays" in text
    assert "7 of 45" in text
    assert "0.5/2.0 MB" in text


def test_a_table_wraps_on_a_terminal_and_is_whole_in_a_pipe(
    terminal: tuple[int, TextIO],
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    screen, out = terminal
    print_table(WIDE)
    head, _, line = capsys.readouterr().out.splitlines()
    assert line == f"夜汽車 [b]       7   {'word ' * 30}".rstrip()
    assert head.index("text") == line.index("word") + 3  # three letters are wide
    monkeypatch.setattr(sys, "stdout", out)
    print_table(WIDE)
    lines = shown(screen, out).splitlines()
    assert len(lines) > 4
    assert all(len(line) <= 60 for line in lines)
