"""Find the source files, and tell which are new by the listing alone."""

import os
import stat
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from errors import WarehouseError

Source = Literal["events", "songs"]
SUFFIXES = (".json", ".json.gz", ".ndjson", ".ndjson.gz")


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a listing shows it.

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
    """What the ledger holds of a path: its latest delivery, and the place of its first.

    `first` orders all files by their first delivery.
    """

    etag: str
    size: int
    modified_ns: int | None
    first: int = 0


def list_folder(source: Source, folder: Path) -> tuple[list[Listed], int]:
    """List a folder's files in the order of their paths, and count those ignored.

    Links are followed; one that leads back to a folder above it is not. Raises
    WarehouseError when the folder is missing or can't be read, or a name is not UTF-8.
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
    # Of every folder, itself and those above it, by device and inode.
    above: dict[str, frozenset[tuple[int, int]]] = {}
    for parent, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        here = os.stat(parent)  # noqa: PTH116 (thousands of files)
        outer = above.get(os.path.dirname(parent), frozenset())  # noqa: PTH120
        if (here.st_dev, here.st_ino) in outer:
            folders.clear()
            continue
        above[parent] = outer | {(here.st_dev, here.st_ino)}
        for name in names:
            path = os.path.join(parent, name)  # noqa: PTH118
            if not name.endswith(SUFFIXES):
                ignored += 1
                continue
            try:
                found_stat = os.stat(path)  # noqa: PTH116
                path.encode()
            except OSError as error:
                raise unreadable(path, error) from None
            except UnicodeEncodeError:
                shown = os.fsencode(path).decode("utf-8", "backslashreplace")
                raise WarehouseError(
                    f"{shown}: the name is not UTF-8; rename the file or its folder"
                ) from None
            if not stat.S_ISREG(found_stat.st_mode):
                ignored += 1
                continue
            found.append(
                Listed(
                    source,
                    path,
                    found_stat.st_size,
                    modified_ns=found_stat.st_mtime_ns,
                )
            )
    return sorted(found, key=lambda file: file.path), ignored


def unreadable(path: str, error: OSError) -> WarehouseError:
    """The message for a file that can't be read."""
    return WarehouseError(
        f"{path}: {error.strerror or error}; make it readable or remove it"
    )


def changed(path: str) -> WarehouseError:
    """The message for a file that somebody wrote to during the load."""
    return WarehouseError(f"{path}: changed while it was read; run again")


def is_unchanged(file: Listed, known: Known | None) -> bool:
    """Whether the listing alone shows that the ledger holds this very content."""
    if known is None:
        return False
    if file.etag is not None:
        return file.etag == known.etag
    return (file.size, file.modified_ns) == (known.size, known.modified_ns)
