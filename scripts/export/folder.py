"""The folder that an export replaces: a link, and beside it the exports themselves.

A new export fills a folder of its own, and one rename turns the link to it. A reader
finds the old export or the new one. The old one stays until the next export, because
somebody may still read it.
"""

import fcntl
import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import click
from common.errors import Refused
from common.s3_address import is_s3


def folder_option(
    context: click.Context, option: click.Parameter, value: str | None
) -> Path | None:
    """What a user typed as a folder, as an absolute path."""
    if value is None:
        return None
    if is_s3(value):
        raise click.BadParameter(
            "is not a folder; export to one, and copy it with `aws s3 sync`"
        )
    return Path.cwd() / value


def current(folder: Path) -> Path | None:
    """The export that the link points to, if it is a link of ours."""
    if not folder.is_symlink():
        return None
    target = folder.parent / folder.readlink()
    return target if target.parent == _exports(folder) else None


def check_folder(folder: Path) -> None:
    """Raise Refused where something is that no export made."""
    if current(folder) or not os.path.lexists(folder):
        return
    if folder.is_symlink() or not folder.is_dir() or any(folder.iterdir()):
        raise Refused(
            f"{folder} is not an export, so it is not replaced; name a new folder"
        )


@contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Keep others from exporting to a folder; raises Refused where one does.

    The system frees the lock of a process that dies.
    """
    exports = _exports(folder)
    exports.mkdir(parents=True, exist_ok=True)
    descriptor = os.open(exports, os.O_RDONLY)
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            raise Refused(
                f"{folder}: another process exports to it; wait, then run again"
            ) from None
        yield
    finally:
        os.close(descriptor)


@contextmanager
def replaced(folder: Path, name: str) -> Iterator[Path]:
    """A new folder to fill, which replaces `folder` at the end; needs the lock."""
    exports, old = _exports(folder), current(folder)
    for stale in set(exports.iterdir()) - {old}:
        shutil.rmtree(stale)
    new = exports / f"{name}-{uuid.uuid4().hex[:8]}"
    new.mkdir()
    try:
        yield new
        for file in new.iterdir():
            file.chmod(file.stat().st_mode & ~0o222)
            _sync(file)
        _sync(new)
        link = new / ".link"
        link.symlink_to(new.relative_to(folder.parent))
        if not folder.is_symlink() and folder.is_dir():
            folder.rmdir()  # empty: check_folder
        link.replace(folder)
        _sync(folder.parent)
    finally:
        if current(folder) != new:
            shutil.rmtree(new)


def _exports(folder: Path) -> Path:
    return folder.parent / f".{folder.name}.exports"


def _sync(path: Path) -> None:
    """Wait until a file, or a folder's list of names, is on the disk."""
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
