"""Make new files ready for SQL: hash them, and copy what SQL can't read in place.

Threads hash and examine files while SQL reads those that are ready. What the ledger
records is what SQL reads: a copy holds the very bytes that were hashed, and a file that
is read in place must have the same size and time when SQL has read the last one.
"""

import hashlib
import os
import threading
import time
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from queue import SimpleQueue
from typing import Any, BinaryIO, Literal

from load.documents import SHOWN, split_documents, split_lines
from load.files import Kind, Listed, changed, is_zipped, unreadable
from load.streams import Look, chunks, is_same, look, opened, unzipped

# Characters in a file name that DuckDB would take for a pattern.
GLOB_CHARACTERS = frozenset("*?[\\")
# A smaller log is copied: to begin a file costs SQL as much as to read so many bytes.
IN_PLACE_BYTES = 1 << 18
# What SQL reads with one statement: at most so much, and less if it would have to wait.
BATCH_BYTES, WAITING_BYTES = 512 << 20, 32 << 20
# File systems keep times in up to two seconds: a younger file may change unseen.
SETTLED_SECONDS = 3
# Lines up to the first length are read with small buffers, longer ones with large ones.
SHORT_LINE, LONG_LINE = 1 << 16, SHOWN + 1000
THREADS = 2  # that hash and examine large logs


@dataclass(frozen=True, slots=True)
class Task:
    """A file to be read: as listed, where its bytes are, and what the ledger has of it.

    `delivery_order` is its position in a reload, which follows the first deliveries.
    """

    file: Listed
    local: str
    known_etag: str | None = None
    delivery_order: int = 0


@dataclass(slots=True)
class Batch:
    """What SQL reads with one statement, in the way that `form` says.

    `lines` are files in place, `rows` are copies with file, line, fault and text in
    every row. `line_bytes` is how long a line can be. `file_bytes` is the size of the
    files that were read for it.
    """

    kind: Kind
    form: Literal["lines", "rows"]
    line_bytes: int
    files: list[str] = field(default_factory=list)
    file_ids: list[int] = field(default_factory=list)
    documents: int = 0
    bytes: int = 0
    file_bytes: int = 0


# A large log: its hash, what was seen in its bytes, and its status then.
Examined = tuple[str, Look, os.stat_result]


class _Stopped(Exception):
    """The load is over, whatever became of it."""


class Reader:
    """Reads files in the order in which their rows are to be loaded, in threads.

    Use it as a context manager: its end stops the threads.
    """

    def __init__(self, copies: Path, tasks: list[Task]) -> None:
        self.deliveries: list[dict[str, Any]] = []
        self._copies = copies
        self._tasks = tasks
        self._copy: BinaryIO | None = None
        self._batch: Batch | None = None
        self._ready: SimpleQueue[Batch | None] = SimpleQueue()
        self._numbers = self._file_bytes = 0
        self._in_place: list[tuple[str, str, os.stat_result]] = []
        self._is_waiting = self._is_stopped = False
        self._error: BaseException | None = None
        self._pool = ThreadPoolExecutor(THREADS)
        self._thread = threading.Thread(target=self._run)

    def __enter__(self) -> "Reader":
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._is_stopped = True
        self._pool.shutdown(cancel_futures=True)
        self._thread.join()

    def next_batch(self) -> Batch | None:
        """Wait for the next batch; None when all files were read and still look alike.

        Raises what stopped the threads: WarehouseError for a file that can't be read,
        is damaged as a whole or changed meanwhile, OSError for a full disk.
        """
        self._is_waiting = True
        ready = self._ready.get()
        self._is_waiting = False
        if self._error is not None:
            raise self._error
        if ready is not None:
            return ready
        for path, local, before in self._in_place:
            try:
                after = os.stat(local)  # noqa: PTH116
            except OSError as error:
                raise unreadable(path, error) from None
            if not is_same(before, after):
                raise changed(path)
        return None

    def _run(self) -> None:
        """Read all files; the thread's own function."""
        try:
            looks = {
                number: self._pool.submit(self._examine, task)
                for number, task in enumerate(self._tasks)
                if task.file.kind == "events"
                and task.file.size > IN_PLACE_BYTES
                and not is_zipped(task.file.path)
            }
            for number, task in enumerate(self._tasks):
                if self._is_stopped:
                    return
                self._read(number, task, looks.pop(number, None))
            self._finish()
        except BaseException as error:
            self._error = error
        finally:
            self._ready.put(None)

    def _examine(self, task: Task) -> Examined:
        """Hash a large log and look at its bytes; a function of the pool."""
        digest = hashlib.sha256()

        def see(block: bytes) -> None:
            if self._is_stopped:
                raise _Stopped
            if task.file.etag is None:
                digest.update(block)

        with opened(task.file, task.local) as (stream, status):
            seen = look(stream, see)
        return task.file.etag or digest.hexdigest(), seen, status

    def _read(
        self, number: int, task: Task, examined: "Future[Examined] | None"
    ) -> None:
        """One file: into the batch in progress, or into the next one."""
        file, documents = task.file, None
        if examined is None:
            etag, documents = self._copied(number, task, None)
        else:
            etag, seen, status = examined.result()
            if task.known_etag == etag:
                pass
            elif (
                seen.is_plain
                and time.time() - status.st_mtime > SETTLED_SECONDS
                and GLOB_CHARACTERS.isdisjoint(task.local)
            ):
                documents = seen.documents
                self._in_place.append((file.path, task.local, status))
                self._close_copy()
                batch = self._next_batch(file.kind, "lines", seen.longest)
                batch.files.append(task.local)
                batch.file_ids.append(number)
                batch.documents += documents
                batch.bytes += status.st_size
            else:
                etag, documents = self._copied(number, task, etag)
        # `documents` counts what is to be loaded or refused.
        self.deliveries.append(
            {
                "file_id": number,
                "kind": file.kind,
                "path": file.path,
                "etag": etag,
                "bytes": file.size,
                "modified_ns": file.modified_ns,
                "documents": documents or 0,
                "is_new": documents is not None,
                "delivery_order": task.delivery_order,
            }
        )
        self._file_bytes += file.size
        if self._is_waiting and self._batch and self._batch.bytes > WAITING_BYTES:
            self._finish()

    def _copied(
        self, number: int, task: Task, wanted: str | None
    ) -> tuple[str, int | None]:
        """Copy a file's documents; its etag, and their number unless it is unchanged.

        `wanted` is the hash that an earlier look gave, if there was one.
        """
        file, known = task.file, task.known_etag
        with opened(file, task.local) as (stream, _):
            if known and not wanted and not file.etag:
                as_is: Any = stream  # may be gzip's
                wanted = hashlib.file_digest(as_is, "sha256").hexdigest()
                if known == wanted:
                    return wanted, None
                stream.seek(0)
            digest = hashlib.sha256()
            content = chunks(stream, digest.update if file.etag is None else None)
            if is_zipped(file.path):
                content = unzipped(file.path, content)
            documents = self._copy_rows(number, file.kind, content)
        etag = file.etag or digest.hexdigest()
        if wanted not in (None, etag):
            raise changed(file.path)
        return etag, documents

    def _copy_rows(self, number: int, kind: Kind, chunks: Iterator[bytes]) -> int:
        """Copy a file's documents, and count them."""
        documents = 0
        split = split_lines if kind == "events" else split_documents
        file_id = str(number).encode()
        for rows in split(chunks):
            if not rows:
                continue
            text = b"".join(
                b"%b\v%d\v%b\v%b\n" % (file_id, line, fault.encode(), document)
                for line, fault, document in rows
            )
            batch = self._next_batch(kind, "rows", max(len(row[2]) for row in rows))
            if self._copy is None:
                copy = self._copies / f"{self._numbers}.rows"
                self._numbers += 1
                batch.files.append(str(copy))
                self._copy = copy.open("wb")
            self._copy.write(text)
            batch.documents += len(rows)
            batch.bytes += len(text)
            documents += len(rows)
        return documents

    def _next_batch(
        self, kind: Kind, form: Literal["lines", "rows"], longest: int
    ) -> Batch:
        """The batch in progress, or a new one: rows keep the order of their files."""
        line_bytes = SHORT_LINE if longest < SHORT_LINE - 1000 else LONG_LINE
        last = self._batch
        if (
            last is None
            or (last.kind, last.form, last.line_bytes) != (kind, form, line_bytes)
            or last.bytes > BATCH_BYTES
        ):
            self._finish()
            last = self._batch = Batch(kind, form, line_bytes)
        return last

    def _finish(self) -> None:
        """Give the batch in progress to SQL."""
        self._close_copy()
        if self._batch is not None:
            self._batch.file_bytes, self._file_bytes = self._file_bytes, 0
            self._ready.put(self._batch)
            self._batch = None

    def _close_copy(self) -> None:
        if self._copy is not None:
            self._copy.close()
            self._copy = None
