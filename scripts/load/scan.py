"""See in a log's bytes whether SQL can read it in place, at the speed of memory."""

import re
from collections.abc import Callable
from typing import BinaryIO, NamedTuple

from load.documents import BYTE_ORDER_MARK
from load.streams import CHUNK_BYTES

# What is read at once: more would not stay in the processor's cache.
BLOCK_BYTES = 1 << 20
# Lines up to this length, in bytes, need not be measured one by one.
SHORT_BYTES = 60_000
NOT_AN_OBJECT = re.compile(rb"\n[^{]")


class Look(NamedTuple):
    """Whether SQL can read a log in place.

    `documents` counts its lines that are not blank. `longest` is the length of its
    longest line in bytes, or 0 where all lines are short.
    """

    is_plain: bool
    documents: int
    longest: int


def look(stream: BinaryIO, see: Callable[[bytes], None]) -> Look:
    """Look at a log's bytes once, each block shown to `see` first."""
    is_plain, documents, longest = True, 0, 0
    is_crlf: bool | None = None
    while block := stream.read(BLOCK_BYTES):
        block += b"" if block.endswith(b"\n") else stream.readline(CHUNK_BYTES)
        see(block)
        if not is_plain:
            continue
        lines = block.count(b"\n") + (not block.endswith(b"\n"))
        has_crlf = b"\r" in block
        is_plain = (
            # Other controls are for SQL to refuse; these would hide lines from it.
            not any(byte in block for byte in (b"\0", b"\v", b"\f"))
            and not (is_crlf is None and block.startswith(BYTE_ORDER_MARK))
            and _is_utf8(block)
            # DuckDB counts lines wrongly where two kinds of line ends are mixed.
            and (not has_crlf or block.count(b"\r") == block.count(b"\r\n"))
            and (not has_crlf or block.count(b"\r") == block.count(b"\n"))
            and (is_crlf in (None, has_crlf) or b"\n" not in block)
        )
        is_crlf = has_crlf if b"\n" in block else is_crlf
        if longest or not _has_short_lines(block):
            longest = max(longest, *map(len, block.split(b"\n")))
        is_plain = is_plain and longest < CHUNK_BYTES
        if block.startswith(b"{") and not NOT_AN_OBJECT.search(block):
            documents += lines
        else:  # a blank line is no document
            documents += sum(map(bool, map(bytes.strip, block.split(b"\n"))))
    return Look(is_plain, documents, longest)


def _is_utf8(block: bytes) -> bool:
    try:
        return block.isascii() or bool(block.decode())
    except UnicodeDecodeError:
        return False


def _has_short_lines(block: bytes) -> bool:
    """Whether all lines are short, seen by hops from line end to line end."""
    position = 0
    while len(block) - position > SHORT_BYTES:
        position = block.rfind(b"\n", position, position + SHORT_BYTES) + 1
        if not position:
            return False
    return True
