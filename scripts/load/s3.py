"""List S3 prefixes and fetch their objects into the local cache."""

import functools
import hashlib
import time
from collections import Counter
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from common import aws, s3_address
from common.errors import WarehouseError
from common.messages import warn

from load.files import Kind, Listed, is_zipped, reason_to_ignore

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

THREADS = aws.CONNECTIONS
ATTEMPTS = 3

plain_errors = functools.partial(aws.plain_errors, policy=aws.LOADER_POLICY)


def list_prefix(
    s3: "S3Client", kind: Kind, uri: str
) -> tuple[list[Listed], Counter[str]]:
    """List a prefix's objects in the order of their keys, and count those ignored."""
    address = s3_address.parse(uri)
    listed: list[Listed] = []
    ignored: Counter[str] = Counter()
    with plain_errors(uri):
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=address.bucket, Prefix=address.prefix
        )
        for page in pages:
            for entry in page.get("Contents", []):
                relative = entry["Key"].removeprefix(address.prefix)
                if not relative or relative.endswith("/"):
                    continue  # a folder that the console made
                if reason := reason_to_ignore(relative):
                    ignored[reason] += 1
                    continue
                path = f"s3://{address.bucket}/{entry['Key']}"
                etag = entry["ETag"].strip('"')
                listed.append(Listed(kind, path, entry["Size"], etag=etag))
    return sorted(listed, key=lambda file: file.path), ignored


def fetch(
    s3: "S3Client", files: list[Listed], cache: Path, done: Callable[[], None]
) -> list[Path]:
    """Fetch objects into `cache`, so that none is fetched twice.

    A cached copy is compared with the hash of what was fetched; a damaged one is
    fetched again. Returns their local paths in the order of `files`; calls `done` after
    each. Raises WarehouseError when an object is gone, refused, or changed since it was
    listed, or when the cache can't be written.
    """

    def fetch_one(file: Listed) -> Path:
        local = _cached(file, cache)
        is_cached = local.exists()
        if not is_cached or not _is_intact(local):
            _download(s3, file, local)
            if is_cached:
                warn(
                    f"{local}: the cached copy of {file.path} was damaged; fetched it"
                    " again"
                )
        return local

    paths: list[Path] = []
    try:
        cache.mkdir(parents=True, exist_ok=True)
        with ThreadPoolExecutor(THREADS) as pool:
            for local in pool.map(fetch_one, files):
                paths.append(local)
                done()
    except OSError as error:
        raise WarehouseError(
            f"{cache}: {error.strerror or error}; make room there, or make it writable"
        ) from None
    return paths


def _is_intact(local: Path) -> bool:
    """Whether a cached file still has the bytes that were fetched."""
    with local.open("rb") as stream:
        digest = hashlib.file_digest(stream, _md5).hexdigest()
    proof = _proof(local)
    return proof.is_file() and digest.encode() == proof.read_bytes()


def _proof(local: Path) -> Path:
    """The file with the md5 of a cached file."""
    return local.with_name(f"{local.name}.md5")


def _md5() -> "hashlib._Hash":
    return hashlib.md5(usedforsecurity=False)


def _cached(file: Listed, cache: Path) -> Path:
    """The file in the cache for an object's content.

    Named by a hash, since an ETag may hold any character, and by path and ETag, since
    two objects with the same bytes are two files still.
    """
    suffix = ".json.gz" if is_zipped(file.path) else ".json"
    name = hashlib.sha256(f"{file.path}\n{file.etag}".encode()).hexdigest()[:32]
    return cache / f"{name}{suffix}"


def _download(s3: "S3Client", file: Listed, local: Path) -> None:
    """Download an object, whole or not at all; retry when the connection breaks."""
    from botocore.exceptions import HTTPClientError, IncompleteReadError

    bucket, _, key = file.path.removeprefix("s3://").partition("/")
    partial = local.with_name(f"{local.name}.{time.time_ns()}.part")
    try:
        with plain_errors(file.path):
            for attempt in range(1, ATTEMPTS + 1):
                try:
                    answer = s3.get_object(
                        Bucket=bucket, Key=key, IfMatch=f'"{file.etag}"'
                    )
                    digest = _md5()
                    with partial.open("wb") as out:
                        for chunk in answer["Body"].iter_chunks(1 << 20):
                            out.write(chunk)
                            digest.update(chunk)
                    break
                except (HTTPClientError, IncompleteReadError):
                    if attempt == ATTEMPTS:
                        raise
        if partial.stat().st_size != file.size:
            raise WarehouseError(
                f"{file.path}: the object changed while it was read; run again"
            )
        # The proof first: a copy whose proof belongs to other bytes is fetched again.
        _proof(local).write_text(digest.hexdigest(), encoding="ascii")
        partial.replace(local)
    finally:
        partial.unlink(missing_ok=True)
