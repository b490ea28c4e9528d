"""Find the source files, and tell which are new by the listing alone."""

import os
import re
import stat
from collections import Counter
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Any, Literal

from common.errors import WarehouseError

Kind = Literal["events", "songs"]
SUFFIX = re.compile(r"\.(json|jsonl|ndjson)(\.gz)?$", re.IGNORECASE)
HIDDEN = "hidden (a name that begins with . or _)"
SHOWN_ENDINGS = 5


@dataclass(frozen=True, slots=True)
class Listed:
    """A file as a listing shows it.

    `path` is its name in the ledger; `etag` is known for S3 objects only, `modified_ns`
    (since 1970) for local files only; `size` is in bytes.
    """

    kind: Kind
    path: str
    size: int
    etag: str | None = None
    modified_ns: int | None = None


def reason_to_ignore(path: str) -> str | None:
    """The ending of a path that no load reads, or HIDDEN; None for a source file.

    `path` is relative to the given folder or prefix.
    """
    if any(part.startswith((".", "_")) for part in path.split("/")):
        return HIDDEN
    if SUFFIX.search(path):
        return None
    return PurePosixPath(path).suffix.lower() or "no ending"


def described(ignored: Counter[str]) -> str:
    """The ignored files in words, such as `3 ignored: .csv, .png`."""
    endings = sorted(set(ignored) - {HIDDEN})
    shown = endings[:SHOWN_ENDINGS]
    shown += ["..."] if len(endings) > SHOWN_ENDINGS else []
    shown += [f"{ignored[HIDDEN]:,} {HIDDEN}"] if ignored[HIDDEN] else []
    return f"{ignored.total():,} ignored: {', '.join(shown)}"


def list_folder(kind: Kind, folder: Path) -> tuple[list[Listed], Counter[str]]:
    """List a folder's files in the order of their paths, and count those ignored.

    Links are followed; one that leads back to a folder above it is not. Raises
    WarehouseError when the folder is missing or can't be read, or a name is not UTF-8.
    """
    listed: list[Listed] = []
    ignored: Counter[str] = Counter()

    def fail(error: OSError) -> None:
        raise WarehouseError(
            f"{kind}: {error.filename}: {error.strerror};"
            f" give a folder or an s3:// prefix with --{kind}"
        ) from None

    # Each folder and those above it, by device and inode.
    above: dict[str, frozenset[tuple[int, int]]] = {}
    for parent, folders, names in os.walk(folder, onerror=fail, followlinks=True):
        here = os.stat(parent)  # noqa: PTH116 (thousands of files)
        outer = above.get(os.path.dirname(parent), frozenset())  # noqa: PTH120
        if (here.st_dev, here.st_ino) in outer:
            folders.clear()
            continue
        above[parent] = outer | {(here.st_dev, here.st_ino)}
        inside = os.path.relpath(parent, folder) + "/"
        for name in names:
            path = os.path.join(parent, name)  # noqa: PTH118
            if reason := reason_to_ignore(inside.removeprefix("./") + name):
                ignored[reason] += 1
                continue
            try:
                status = os.stat(path)  # noqa: PTH116
                path.encode()
            except OSError as error:
                raise unreadable(path, error) from None
            except UnicodeEncodeError:
                shown = os.fsencode(path).decode("utf-8", "backslashreplace")
                raise WarehouseError(
                    f"{shown}: the name is not UTF-8; rename the file or its folder"
                ) from None
            if not stat.S_ISREG(status.st_mode):
                ignored["not a regular file"] += 1
                continue
            listed.append(
                Listed(kind, path, status.st_size, modified_ns=status.st_mtime_ns)
            )
    return sorted(listed, key=lambda file: file.path), ignored


def is_zipped(path: str) -> bool:
    """Whether a file's name says that it is gzip data."""
    return path.lower().endswith(".gz")


def unreadable(path: str, error: OSError) -> WarehouseError:
    """The message for a file that can't be read."""
    return WarehouseError(
        f"{path}: {error.strerror or error}; make it readable or remove it"
    )


def changed(path: str) -> WarehouseError:
    """The message for a file that somebody wrote to during the load."""
    return WarehouseError(f"{path}: changed while it was read; run again")


def is_unchanged(file: Listed, row: dict[str, Any] | None) -> bool:
    """Whether the listing alone shows that the ledger's row has this very content."""
    if row is None:
        return False
    if file.etag is not None:
        return bool(file.etag == row["etag"])
    return (file.size, file.modified_ns) == (row["bytes"], row["modified_ns"])
