"""Make new files ready for SQL: hash them, and copy what SQL can't read in place.

What the ledger records is what SQL reads. A copy holds the very bytes that were hashed.
Of a file that is read in place SQL compares size, time and number of documents.
"""

import hashlib
import os
import stat
import time
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO, Literal, NamedTuple

from endings import FULL
from errors import WarehouseError

from load.documents import BYTE_ORDER_MARK, SHOWN, split_documents, split_lines
from load.files import Kind, Known, Listed, changed, is_zipped, unreadable

CHUNK_BYTES = 1 << 22
GZIP_MAGIC = b"\x1f\x8b"
# What a file name may not hold for DuckDB to take it as it is.
GLOB_CHARACTERS = frozenset("*?[\\")
# A smaller log is copied: to begin a file costs SQL as much as to read so many bytes.
IN_PLACE_BYTES = 1 << 18
# What SQL reads with one statement, and once more where a document is not plain.
BATCH_BYTES = 256 << 20
# DuckDB sees a file's time in seconds: one that is younger may change unseen.
SETTLED_SECONDS = 3
# Lines up to the first length are read with small buffers, longer ones with large ones.
SHORT_LINE, LONG_LINE = 1 << 16, SHOWN + 1000


class Delivery(NamedTuple):
    """A new or changed file.

    `documents` counts what is to be loaded or refused. Where SQL reads the file in
    place, `file`, `file_bytes` and `file_s` say what it was like when it was hashed.
    """

    file_id: int
    kind: Kind
    path: str
    etag: str
    bytes: int
    modified_ns: int | None
    documents: int
    is_new: bool
    file: str | None
    file_bytes: int
    file_s: int


@dataclass(slots=True)
class Batch:
    """What SQL reads with one statement, in the way that `form` says.

    `lines` are files in place, `rows` are copies with file, line, fault and text in
    every row. `line_bytes` is how long a line can be.
    """

    batch: int
    kind: Kind
    form: Literal["lines", "rows"]
    line_bytes: int
    files: list[str] = field(default_factory=list)
    documents: int = 0
    bytes: int = 0


class Reader:
    """Examines files in the order in which their rows are to be loaded."""

    def __init__(self, copies: Path) -> None:
        self.deliveries: list[Delivery] = []
        self.batches: list[Batch] = []
        self._copies = copies
        self._copy: BinaryIO | None = None

    def examine(self, file: Listed, local: str, known: Known | None) -> None:
        """Look at a new or changed file, which is stored at `local`.

        Raises WarehouseError when it can't be read, is damaged as a whole, or changes
        meanwhile.
        """
        try:
            with open(local, "rb", opener=_open_regular) as stream:
                before = os.fstat(stream.fileno())
                if not stat.S_ISREG(before.st_mode):
                    raise OSError(0, "not a regular file")
                if file.modified_ns not in (None, before.st_mtime_ns):
                    raise changed(file.path)
                etag, documents, in_place = self._read(file, local, stream, known)
                after = os.fstat(stream.fileno())
        except OSError as error:
            if error.errno in FULL:
                raise  # the folder of copies is full: this is not the file's fault
            raise unreadable(file.path, error) from None
        if (before.st_size, before.st_mtime_ns) != (after.st_size, after.st_mtime_ns):
            raise changed(file.path)
        self.deliveries.append(
            Delivery(
                len(self.deliveries),
                file.kind,
                file.path,
                etag,
                file.size,
                file.modified_ns,
                documents or 0,
                documents is not None,
                local if in_place else None,
                after.st_size,
                after.st_mtime_ns // 1_000_000_000,
            )
        )

    def finish(self) -> None:
        """End the last copy."""
        if self._copy is not None:
            self._copy.close()
            self._copy = None

    def _read(
        self, file: Listed, local: str, stream: BinaryIO, known: Known | None
    ) -> tuple[str, int | None, bool]:
        """The file's etag, its number of new documents, and if it is read in place."""
        zipped = is_zipped(file.path)
        self._check_name(file.path, zipped, stream)
        size = os.fstat(stream.fileno()).st_size
        if size <= IN_PLACE_BYTES:
            content = stream.read()
            etag = file.etag or hashlib.md5(content, usedforsecurity=False).hexdigest()
            if known and known.etag == etag:
                return etag, None, False
            chunks = (
                _unzipped(file.path, iter([content]))
                if zipped
                else iter([content] if content else [])
            )
            return etag, self._copy_rows(file.kind, chunks), False
        digest = hashlib.md5(usedforsecurity=False)
        look = _Look()
        can_stay = file.kind == "events" and not zipped
        for chunk in _chunks(stream, digest.update):
            if can_stay:
                look.see(chunk)
        look.see(b"")
        etag = file.etag or digest.hexdigest()
        if known and known.etag == etag:
            return etag, None, False
        settled = time.time() - os.fstat(stream.fileno()).st_mtime > SETTLED_SECONDS
        if can_stay and settled and look.is_plain and not _is_odd(local):
            self.finish()
            batch = self._batch(file.kind, "lines", look.longest)
            batch.files.append(local)
            batch.documents += look.documents
            batch.bytes += size
            return etag, look.documents, True
        stream.seek(0)
        again = hashlib.md5(usedforsecurity=False)
        chunks = _chunks(stream, again.update)
        if zipped:
            chunks = _unzipped(file.path, chunks)
        documents = self._copy_rows(file.kind, chunks)
        if again.digest() != digest.digest():
            raise changed(file.path)
        return etag, documents, False

    def _check_name(self, path: str, zipped: bool, stream: BinaryIO) -> None:
        head = stream.read(2)
        stream.seek(0)
        if head == GZIP_MAGIC and not zipped:
            raise WarehouseError(
                f"{path}, line 1: gzip data, but the name does not end in .gz;"
                " rename the file"
            )
        if head and head != GZIP_MAGIC and zipped:
            raise WarehouseError(
                f"{path}, line 1: the name ends in .gz, but this is no gzip data;"
                " rename the file"
            )

    def _batch(self, kind: Kind, form: Literal["lines", "rows"], longest: int) -> Batch:
        """The batch that goes on, or a new one: rows keep the order of their files."""
        line_bytes = SHORT_LINE if longest < SHORT_LINE - 1000 else LONG_LINE
        last = self.batches[-1] if self.batches else None
        if (
            last is None
            or (last.kind, last.form, last.line_bytes) != (kind, form, line_bytes)
            or last.bytes > BATCH_BYTES
        ):
            self.finish()
            last = Batch(len(self.batches), kind, form, line_bytes)
            self.batches.append(last)
        return last

    def _copy_rows(self, kind: Kind, chunks: Iterator[bytes]) -> int:
        """Copy a file's documents, and count them."""
        documents = 0
        split = split_lines if kind == "events" else split_documents
        file_id = str(len(self.deliveries)).encode()
        for rows in split(chunks):
            if not rows:
                continue
            text = b"".join(
                b"%b\v%d\v%b\v%b\n" % (file_id, line, fault.encode(), document)
                for line, fault, document in rows
            )
            batch = self._batch(kind, "rows", max(len(row[2]) for row in rows))
            if self._copy is None:
                copy = self._copies / f"{batch.batch}.rows"
                batch.files.append(str(copy))
                self._copy = copy.open("wb")
            self._copy.write(text)
            batch.documents += len(rows)
            batch.bytes += len(text)
            documents += len(rows)
        return documents


class _Look:
    """Whether SQL can read a log in place, seen chunk by chunk."""

    def __init__(self) -> None:
        self.documents = 0
        self.longest = 0
        self.is_plain = True
        self._rest = b""
        self._is_crlf: bool | None = None

    def see(self, chunk: bytes) -> None:
        """Look at the next bytes of the file; an empty chunk ends it."""
        if not self.is_plain:
            return
        end = chunk.rfind(b"\n") + 1
        if not end and chunk:
            # A line of the size of a chunk is copied, or refused.
            self.is_plain = len(self._rest) + len(chunk) < CHUNK_BYTES
            self._rest += chunk
            return
        block = self._rest + chunk[:end]
        self._rest = chunk[end:]
        lines = block.split(b"\n")
        longest = max(map(len, lines))
        is_crlf = b"\r" in block
        if not block.isascii():
            try:
                block.decode()
            except UnicodeDecodeError:
                self.is_plain = False
        # Other controls are for SQL to refuse; these would keep it from seeing lines.
        self.is_plain = (
            self.is_plain
            and not any(byte in block for byte in (b"\0", b"\v", b"\f"))
            and not (self._is_crlf is None and block.startswith(BYTE_ORDER_MARK))
            # DuckDB counts lines wrongly where two kinds of line ends are mixed.
            and (not is_crlf or block.count(b"\r") == block.count(b"\r\n"))
            and (not is_crlf or block.count(b"\r") == len(lines) - 1)
            and (self._is_crlf in (None, is_crlf) or len(lines) == 1)
            and longest < CHUNK_BYTES
        )
        self._is_crlf = is_crlf if len(lines) > 1 else self._is_crlf
        self.longest = max(self.longest, longest)
        self.documents += sum(map(bool, map(bytes.strip, lines)))


def _is_odd(local: str) -> bool:
    return not GLOB_CHARACTERS.isdisjoint(local)


def _open_regular(path: str, flags: int) -> int:
    # Without waiting: somebody may have put a pipe there since the listing.
    return os.open(path, flags | os.O_NONBLOCK)


def _chunks(stream: BinaryIO, see: Callable[[bytes], None]) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        see(chunk)
        yield chunk


def _unzipped(path: str, chunks: Iterator[bytes]) -> Iterator[bytes]:
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
