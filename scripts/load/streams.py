"""Open source files, notice when they change, examine and decompress them."""

import os
import re
import stat
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import BinaryIO, NamedTuple

from common.errors import WarehouseError
from common.signals import FULL

from load.documents import BYTE_ORDER_MARK, is_utf8
from load.files import Listed, changed, is_zipped, unreadable

CHUNK_BYTES = 1 << 22
GZIP_MAGIC = b"\x1f\x8b"
# What is read at once: more would not stay in the processor's cache.
BLOCK_BYTES = 1 << 20
# Lines up to this length, in bytes, need not be measured one by one.
SHORT_BYTES = 60_000
NOT_AN_OBJECT = re.compile(rb"\n[^{]")


@contextmanager
def opened(file: Listed, local: str) -> Iterator[tuple[BinaryIO, os.stat_result]]:
    """A source file, stored at `local`, and its status.

    Raises WarehouseError when it can't be read, or changes before it is closed.
    """
    try:
        with open(local, "rb", opener=_open_regular) as stream:
            before = os.fstat(stream.fileno())
            if not stat.S_ISREG(before.st_mode):
                raise OSError(0, "not a regular file")
            if file.modified_ns not in (None, before.st_mtime_ns):
                raise changed(file.path)
            head = stream.read(2)
            if head and (head == GZIP_MAGIC) != is_zipped(file.path):
                raise WarehouseError(
                    f"{file.path}, line 1: gzip data belongs in a file whose name ends"
                    " in .gz, and nothing else does; rename the file"
                )
            stream.seek(0)
            yield stream, before
            if not is_same(before, os.fstat(stream.fileno())):
                raise changed(file.path)
    except OSError as error:
        if error.errno in FULL:
            raise  # the folder of copies is full: this is not the file's fault
        raise unreadable(file.path, error) from None


def is_same(before: os.stat_result, after: os.stat_result) -> bool:
    """Whether a file still has its size, its time and its inode."""
    return (before.st_size, before.st_mtime_ns, before.st_ino) == (
        after.st_size,
        after.st_mtime_ns,
        after.st_ino,
    )


def _open_regular(path: str, flags: int) -> int:
    # Without waiting: somebody may have put a pipe there since the listing.
    return os.open(path, flags | os.O_NONBLOCK)


def chunks(stream: BinaryIO, see: Callable[[bytes], None] | None) -> Iterator[bytes]:
    """A file's bytes, each chunk shown to `see` first."""
    while chunk := stream.read(CHUNK_BYTES):
        if see:
            see(chunk)
        yield chunk


def unzipped(path: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
    """Decompress gzip data as RFC 1952 has it: members, then zeros, if any."""
    lines = 1
    unzip = zlib.decompressobj(wbits=31)
    is_between = True
    try:
        for chunk in chunks:
            data = chunk
            while data:
                if is_between:
                    data = data.lstrip(b"\0")
                    if not data:
                        break
                    unzip, is_between = zlib.decompressobj(wbits=31), False
                text = unzip.decompress(data, CHUNK_BYTES)
                lines += text.count(b"\n")
                if text:
                    yield text
                data = unzip.unconsumed_tail
                if unzip.eof:
                    data, is_between = unzip.unused_data, True
        if not is_between:
            if text := unzip.flush():
                yield text
            if not unzip.eof or unzip.unused_data:
                raise EOFError("the end is missing")
    except (EOFError, zlib.error) as error:
        raise WarehouseError(
            f"{path}, line {lines}: the gzip data is cut off or damaged"
            f" ({error}); deliver the file again"
        ) from None


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
            and is_utf8(block)
            # DuckDB counts lines wrongly where two kinds of line ends are mixed.
            and (
                not has_crlf
                or block.count(b"\r") == block.count(b"\r\n") == block.count(b"\n")
            )
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


def _has_short_lines(block: bytes) -> bool:
    """Whether all lines are short, seen by hops from line end to line end."""
    position = 0
    while len(block) - position > SHORT_BYTES:
        position = block.rfind(b"\n", position, position + SHORT_BYTES) + 1
        if not position:
            return False
    return True
