"""List S3 prefixes and fetch their objects into the local cache."""

import os
import re
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from errors import WarehouseError
from files import SUFFIXES, Listed, Source

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

THREADS = 16
LOCATION = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?")


def split_uri(uri: str) -> tuple[str, str]:
    """Bucket and prefix of an s3:// address; the prefix ends in / or is empty."""
    match = LOCATION.fullmatch(uri)
    if match is None:
        raise WarehouseError(f"{uri}: no S3 address; write s3://bucket/prefix")
    prefix = (match[2] or "").rstrip("/")
    return match[1], f"{prefix}/" if prefix else ""


def client(region: str) -> "S3Client":
    """A client by boto3's own chain; without any credentials requests are unsigned."""
    import boto3
    from botocore import UNSIGNED
    from botocore.config import Config

    session = boto3.Session()
    config = Config(max_pool_connections=THREADS, retries={"mode": "standard"})
    if session.get_credentials() is None:
        config = config.merge(Config(signature_version=UNSIGNED))
    return session.client("s3", region_name=region, config=config)


def list_prefix(s3: "S3Client", source: Source, uri: str) -> tuple[list[Listed], int]:
    """List a prefix's objects in the order of their keys, and count those ignored."""
    bucket, prefix = split_uri(uri)
    found: list[Listed] = []
    ignored = 0
    with plain_errors(uri):
        pages = s3.get_paginator("list_objects_v2").paginate(
            Bucket=bucket, Prefix=prefix
        )
        for page in pages:
            for entry in page.get("Contents", []):
                if not entry["Key"].endswith(SUFFIXES):
                    ignored += 1
                    continue
                path = f"s3://{bucket}/{entry['Key']}"
                etag = entry["ETag"].strip('"')
                found.append(Listed(source, path, entry["Size"], etag=etag))
    return sorted(found, key=lambda file: file.path), ignored


def fetch(
    s3: "S3Client", files: list[Listed], cache: Path, done: Callable[[], None]
) -> list[Path]:
    """Fetch objects into `cache`, each under its ETag, so that none is fetched twice.

    Returns their local paths in the order of `files`; calls `done` after each. Raises
    WarehouseError when an object is gone, refused, or changed since it was listed.
    """
    cache.mkdir(parents=True, exist_ok=True)

    def fetch_one(file: Listed) -> Path:
        suffix = next(
            suffix for suffix in reversed(SUFFIXES) if file.path.endswith(suffix)
        )
        local = cache / f"{file.etag}{suffix}"
        if not (local.exists() and local.stat().st_size == file.size):
            bucket, _, key = file.path.removeprefix("s3://").partition("/")
            partial = local.with_name(f"{local.name}.{os.getpid()}.part")
            with plain_errors(file.path):
                answer = s3.get_object(Bucket=bucket, Key=key, IfMatch=f'"{file.etag}"')
                with partial.open("wb") as out:
                    for chunk in answer["Body"].iter_chunks(1 << 20):
                        out.write(chunk)
            partial.replace(local)
        done()
        return local

    with ThreadPoolExecutor(THREADS) as pool:
        return list(pool.map(fetch_one, files))


@contextmanager
def plain_errors(
    where: str, action: str = "s3:ListBucket and s3:GetObject"
) -> Iterator[None]:
    """What S3 refuses or the network breaks as one line; `action` is what it takes."""
    from botocore.exceptions import (
        BotoCoreError,
        ClientError,
    )

    advice = {
        "NoSuchBucket": "there is no such bucket; check the name",
        "NoSuchKey": "the object is gone since it was listed; run again",
        "PreconditionFailed": "the object changed while it was read; run again",
        "AccessDenied": f"access denied; you need {action} on it",
        "PermanentRedirect": "the bucket is in another region; set region in [data]",
        "ExpiredToken": "your AWS credentials have expired; sign in again",
        "InvalidAccessKeyId": "AWS does not know these credentials; sign in again",
    }
    try:
        yield
    except ClientError as error:
        code = error.response.get("Error", {}).get("Code", "")
        code = {"412": "PreconditionFailed", "403": "AccessDenied"}.get(code, code)
        raise WarehouseError(f"{where}: {advice.get(code, error)}") from None
    except BotoCoreError as error:
        raise WarehouseError(f"{where}: {error}; check the network") from None
