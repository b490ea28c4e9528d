"""What COPY asks of S3 and IAM: the role, the region, the files."""

import gzip
import json
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from standin.copy_parse import Copy
from standin.sql_text import NotEmulated

THREADS = 16
Found = tuple[bytes, str]  # an object's content and its ETag
Peek = Callable[[str, str], Found | None]


class CopyFailed(Exception):
    """COPY stopped; the text is like Redshift's."""


class Files:
    """S3 and IAM at `endpoint`, as a cluster in `region` sees them.

    `peek` looks into moto's store in this process, whose server answers only some 400
    requests a second; what is not there is asked for by HTTP, for S3's own error.
    """

    def __init__(self, endpoint: str, region: str, peek: Peek) -> None:
        def client(service: Any) -> Any:
            return boto3.client(
                service,
                endpoint_url=endpoint,
                region_name=region,
                aws_access_key_id="cluster",
                aws_secret_access_key="cluster",
                config=Config(max_pool_connections=THREADS),
            )

        self.s3 = client("s3")
        self.iam = client("iam")
        self.region = region
        self.peek = peek

    def check_role(self, role: str) -> None:
        """`default` is taken as set; an ARN must be a role that exists."""
        if role == "default":
            return
        try:
            found = self.iam.get_role(RoleName=role.rsplit("/", 1)[-1])["Role"]["Arn"]
        except ClientError:
            found = ""
        if found != role:
            raise CopyFailed(f"User is not authorized to assume IAM Role {role}")

    def check_region(self, bucket: str, region: str) -> None:
        """A bucket in another region needs REGION; raises CopyFailed."""
        try:
            found = self.s3.get_bucket_location(Bucket=bucket)["LocationConstraint"]
        except ClientError as error:
            raise CopyFailed(service_text(error)) from None
        if (found or "us-east-1") != (region or self.region):
            raise CopyFailed(
                "S3ServiceException:The bucket you are attempting to access must be "
                "addressed using the specified endpoint. Please send all future "
                "requests to this endpoint.,Status 301,Error PermanentRedirect"
            )

    def read(self, copy: Copy) -> Iterable[tuple[str, str, bytes]]:
        """The addresses, ETags and contents, in order; raises CopyFailed."""
        entries = self.entries(copy)
        for bucket in sorted({address(url)[0] for url, _ in entries}):
            self.check_region(bucket, copy.region)

        def read_one(entry: tuple[str, bool]) -> tuple[str, str, bytes] | None:
            url, mandatory = entry
            try:
                data, etag = self.peek(*address(url)) or self.get(*address(url))
                return url, etag, data
            except ClientError as error:
                missing = error.response["Error"]["Code"] in {"NoSuchKey", "404"}
                if missing and not mandatory:
                    return None
                raise CopyFailed(service_text(error)) from None

        with ThreadPoolExecutor(THREADS) as pool:
            found = [item for item in pool.map(read_one, entries) if item is not None]
        if not found:
            raise CopyFailed(f"No files to load in {copy.source}")
        return ((url, etag, unpacked(url, data, copy)) for url, etag, data in found)

    def entries(self, copy: Copy) -> list[tuple[str, bool]]:
        """The files to read, and whether each must be there."""
        if copy.manifest:
            try:
                manifest = json.loads(self.fetch(*address(copy.source)))
                return [
                    (entry["url"], entry.get("mandatory", False))
                    for entry in manifest["entries"]
                ]
            except ClientError as error:
                text = service_text(error)
                raise CopyFailed(f"Problem reading manifest file - {text}") from None
            except (ValueError, KeyError, TypeError) as error:
                raise CopyFailed(f"Error parsing manifest file: {error}") from None
        bucket, prefix = address(copy.source)
        pages = self.s3.get_paginator("list_objects_v2")
        try:
            keys = [
                item["Key"]
                for page in pages.paginate(Bucket=bucket, Prefix=prefix)
                for item in page.get("Contents", [])
            ]
        except ClientError as error:
            raise CopyFailed(service_text(error)) from None
        if not keys:
            raise CopyFailed(f"The specified S3 prefix '{prefix}' does not exist")
        return [(f"s3://{bucket}/{key}", True) for key in keys]

    def fetch(self, bucket: str, key: str) -> bytes:
        return self.get(bucket, key)[0]

    def get(self, bucket: str, key: str) -> Found:
        found = self.s3.get_object(Bucket=bucket, Key=key)
        return found["Body"].read(), found["ETag"].strip('"')

    def json_paths(self, copy: Copy) -> list[str] | None:
        """The JSONPaths file; None for 'auto', also when the file's key is wrong."""
        if copy.json in {"auto", "auto ignorecase"}:
            return None
        if not copy.json.startswith("s3://"):
            raise NotEmulated(f"JSON '{copy.json}'")
        try:
            document = json.loads(self.fetch(*address(copy.json)))
        except ClientError as error:
            text = service_text(error)
            raise CopyFailed(f"Problem reading jsonpaths file - {text}") from None
        except ValueError:
            raise CopyFailed(f"Invalid JSONPath format in {copy.json}") from None
        paths = document.get("jsonpaths")
        return None if paths is None else [str(path) for path in paths]


def address(url: str) -> tuple[str, str]:
    bucket, _, key = url.removeprefix("s3://").partition("/")
    return bucket, key


def unpacked(url: str, data: bytes, copy: Copy) -> bytes:
    """GZIP is said for all files, and believed."""
    if not copy.gzip:
        return data
    try:
        return gzip.decompress(data)
    except (OSError, EOFError, zlib.error) as error:
        raise CopyFailed(f"Failed to read gzip file {url}: {error}") from None


def service_text(error: ClientError) -> str:
    """An S3 error as COPY reports it."""
    detail = error.response["Error"]
    status = error.response.get("ResponseMetadata", {}).get("HTTPStatusCode", 0)
    message, code = detail.get("Message", ""), detail.get("Code", "")
    return f"S3ServiceException:{message},Status {status},Error {code}"
