"""Find the source files, tell which are new, and look at the bytes of those.

What a file holds is for SQL to judge (macros/load/load_staging.sql). Here is only what
SQL can't do: list, hash, decompress, tell text from no text, and find where one song
ends and the next begins.
"""

import gzip
import hashlib
import json
import os
import re
import zlib
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import BinaryIO, Literal

from endings import FULL
from errors import WarehouseError

Source = Literal["events", "songs"]
SUFFIXES = (".json", ".json.gz", ".ndjson", ".ndjson.gz")
CHUNK_BYTES = 1 << 22
# No valid JSON holds these bytes; the load's own copies part their columns with one.
CONTROL = re.compile(rb"[\x00-\x08\x0b\x0c\x0e-\x1f]")
CONTROL_TEXT = re.compile(r"[\x00-\x08\x0b\x0c\x0e-\x1f\udc80-\udcff]")
BYTE_ORDER_MARK = "\ufeff"
GZIP_MAGIC = b"\x1f\x8b"
GLOB_CHARACTERS = frozenset("*?[")


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as it stands in a listing.

    `path` is its name in the ledger; `etag` is known for S3 objects only, `modified_ns`
    (since 1970) for local files only; `size` is in bytes.
    """

    source: Source
    path: str
    size: int
    etag: str | None = None
    modified_ns: int | None = None


@dataclass(frozen=True, slots=True)
class Known:
    """What the ledger holds of a path: its latest delivery."""

    etag: str
    size: int
    modified_ns: int | None


@dataclass(frozen=True, slots=True)
class Delivery:
    """A new or changed file, ready for SQL: read `file` in the way that `form` says."""

    source: Source
    path: str
    file: str
    form: Literal["lines", "whole", "parts"]
    etag: str
    bytes: int
    modified_ns: int | None


def list_folder(source: Source, folder: Path) -> tuple[list[Listed], int]:
    """List a folder's files in the order of their paths, and count those ignored.

    Raises WarehouseError when the folder is not there or can't be read.
    """
    found: list[Listed] = []
    ignored = 0

    def fail(error: OSError) -> None:
        raise WarehouseError(
            f"{source}: {error.filename}: {error.strerror};"
            f" give a folder or an s3:// prefix with --{source}"
        ) from None

    if folder.is_file():
        fail(NotADirectoryError(20, "not a folder but a file", str(folder)))
    for parent, _, names in os.walk(folder, onerror=fail):
        for name in names:
            path = os.path.join(parent, name)  # noqa: PTH118 (thousands of files)
            if not name.endswith(SUFFIXES):
                ignored += 1
                continue
            try:
                stat = os.stat(path)  # noqa: PTH116
            except OSError as error:
                raise unreadable(path, error) from None
            found.append(
                Listed(source, path, stat.st_size, modified_ns=stat.st_mtime_ns)
            )
    return sorted(found, key=lambda file: file.path), ignored


def unreadable(path: str, error: OSError) -> WarehouseError:
    """The message for a file that can't be read."""
    return WarehouseError(
        f"{path}: {error.strerror or error}; make it readable or remove it"
    )


def is_unchanged(file: Listed, known: Known | None) -> bool:
    """Whether the listing alone shows that the ledger holds this very content."""
    if known is None:
        return False
    if file.etag is not None:
        return file.etag == known.etag
    return (file.size, file.modified_ns) == (known.size, known.modified_ns)


def examine(file: Listed, local: Path, copies: Path) -> Delivery:
    """Look at the bytes of a new or changed file that lies at `local`.

    A file that SQL can't read as it is gets a copy below `copies`. Raises
    WarehouseError when the file can't be read, is damaged as a whole, or changes
    meanwhile.
    """
    try:
        etag, clean = _scan(file, local)
        form: Literal["lines", "whole", "parts"] = "lines"
        if file.source == "songs" and clean:
            form = "whole" if _is_one_document(local) else "parts"
        if not clean or GLOB_CHARACTERS & set(str(local)):
            form = "parts"
        if form == "parts":
            copy = copies / f"{len(os.listdir(copies))}.parts"  # noqa: PTH208
            _write_parts(file.source, local, copy)
        after = local.stat()
    except OSError as error:
        if error.errno in FULL:
            raise  # not this file's fault, but that of the folder of copies
        raise unreadable(file.path, error) from None
    if file.modified_ns is not None and (
        (after.st_size, after.st_mtime_ns) != (file.size, file.modified_ns)
    ):
        raise WarehouseError(f"{file.path}: changed while it was read; run again")
    return Delivery(
        file.source,
        file.path,
        str(copy if form == "parts" else local),
        form,
        file.etag or etag,
        file.size,
        file.modified_ns,
    )


def _scan(file: Listed, local: Path) -> tuple[str, bool]:
    """The md5 of the stored bytes, and whether the content is clean UTF-8 text."""
    digest = hashlib.md5(usedforsecurity=False)
    with local.open("rb") as stream:
        head = stream.read(2)
        stream.seek(0)
        if local.suffix != ".gz":
            if head == GZIP_MAGIC:
                raise WarehouseError(
                    f"{file.path}, line 1: gzip data, but the name does not end in"
                    " .gz; rename the file"
                )
            return _scan_text(_chunks(stream, digest.update), digest.hexdigest)
        for _ in _chunks(stream, digest.update):
            pass
    if head and head != GZIP_MAGIC:
        raise WarehouseError(
            f"{file.path}, line 1: the name ends in .gz, but this is no gzip data;"
            " rename the file"
        )
    lines = 1

    def count(chunk: bytes) -> None:
        nonlocal lines
        lines += chunk.count(b"\n")

    try:
        with gzip.open(local) as unpacked:
            return _scan_text(_chunks(unpacked, count), digest.hexdigest)
    except (EOFError, gzip.BadGzipFile, zlib.error) as error:
        raise WarehouseError(
            f"{file.path}, line {lines}: the gzip data is cut off or damaged"
            f" ({error}); deliver the file again"
        ) from None


def _chunks(
    stream: BinaryIO | gzip.GzipFile, see: Callable[[bytes], None]
) -> Iterator[bytes]:
    while chunk := stream.read(CHUNK_BYTES):
        see(chunk)
        yield chunk


def _scan_text(chunks: Iterable[bytes], etag: Callable[[], str]) -> tuple[str, bool]:
    clean = True
    rest = b""
    first = True
    for chunk in chunks:
        if clean:
            text = rest + chunk
            if first and text.startswith(BYTE_ORDER_MARK.encode()):
                clean = False
            # A character may straddle two chunks: cut after the last line end.
            end = text.rfind(b"\n") + 1
            rest = text[end:]
            clean = clean and _is_text(text[:end])
            first = False
    return etag(), clean and _is_text(rest)


def _is_text(data: bytes) -> bool:
    try:
        data.decode()
    except UnicodeDecodeError:
        return False
    return CONTROL.search(data) is None


def _is_one_document(local: Path) -> bool:
    """Whether a plain file holds one JSON value, so that SQL can read it as it is."""
    if local.suffix == ".gz":
        return False
    try:
        json.loads(local.read_bytes())
    except (ValueError, RecursionError):
        return False
    return True


def _write_parts(source: Source, local: Path, copy: Path) -> None:
    """Write the documents one a line: chr(1), line, chr(1), fault, chr(1), text."""
    opener = gzip.open if local.suffix == ".gz" else open
    with opener(local, "rb") as stream:
        text = stream.read().decode("utf-8", "surrogateescape")
    split = _split_lines if source == "events" else _split_documents
    with copy.open("w", encoding="utf-8", newline="\n") as out:
        for line, document in split(text):
            fault = _fault(document)
            shown = CONTROL_TEXT.sub(_escaped, document) if fault else document
            shown = shown.replace("\r", " ").replace("\n", " ")
            out.write(f"\x01{line}\x01{fault}\x01{shown}\n")


def _split_lines(text: str) -> Iterator[tuple[int, str]]:
    for number, line in enumerate(text.split("\n"), start=1):
        if line.strip(" \t\r"):
            yield number, line


def _split_documents(text: str) -> Iterator[tuple[int, str]]:
    """JSON values with white space between them, COPY's own rule, and where they start.

    What is no JSON goes on until the next line that opens an object.
    """
    decoder = json.JSONDecoder(strict=False)
    line, position = 1, 0
    while match := re.compile(r"[^ \t\r\n]").search(text, position):
        start = match.start()
        line += text.count("\n", position, start)
        try:
            # A byte order mark belongs to the first document, which is at fault for it.
            skipped = start + text.startswith(BYTE_ORDER_MARK, start)
            position = decoder.raw_decode(text, skipped)[1]
        except (ValueError, RecursionError):
            following = re.compile(r"\n[ \t]*\{").search(text, start)
            position = following.start() if following else len(text)
        yield line, text[start:position]
        line += text.count("\n", start, position)


def _fault(document: str) -> str:
    if document.startswith(BYTE_ORDER_MARK):
        return "starts with a byte order mark; save the file as UTF-8 without it"
    found = CONTROL_TEXT.search(document)
    if found is None:
        return ""
    if found[0] == "\x00":
        return "holds a NUL byte"
    return "not valid UTF-8" if found[0] > "\x1f" else "holds a control character"


def _escaped(found: re.Match[str]) -> str:
    return f"\\x{ord(found[0]) & 0xFF:02x}"
