"""COPY's work: list and read the files in S3, refuse or insert, and keep the record."""

import gzip
import itertools
import json
import zlib
from collections.abc import Callable, Iterable
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from standin.copy_parse import Copy
from standin.copy_rows import BadRow, Column, getters, rows
from standin.rewrite import NotEmulated
from standin.wire import Server, quote

THREADS = 16
Peek = Callable[[str, str], bytes | None]

COLUMNS = """
select
    attname, format_type(atttypid, null), atttypmod, attnotnull, attrelid::oid,
    atthasdef
from pg_attribute
where attrelid = {relation}::regclass and attnum > 0 and not attisdropped
order by attnum
"""


class CopyFailed(Exception):
    """COPY stopped; the text is like Redshift's."""


class Loader:
    """Runs COPY for every session of one stand-in.

    `endpoint` is S3's and IAM's address, `region` the cluster's. `peek` looks
    into moto's store in this process, whose server answers only some 400 requests a
    second; what is not there is asked for by HTTP, for S3's own error.
    """

    def __init__(self, endpoint: str, region: str, loads: Path, peek: Peek) -> None:
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
        self.loads = loads
        self.peek = peek
        self.queries = itertools.count(1)

    def run(self, server: Server, session: int, copy: Copy) -> None:
        """Load within the session's transaction.

        Raises CopyFailed, NotEmulated, and ServerError (no such table or column).
        """
        table, columns = target(server, copy)
        self.check_role(copy.role)
        record = Record(self.loads, next(self.queries), session, copy, table)
        paths = self.json_paths(copy)
        if paths is not None and len(paths) != len(columns):
            raise CopyFailed(
                "Number of jsonpaths and the number of columns should match. JSONPath "
                f"size: {len(paths)}, Number of columns in table or column list: "
                f"{len(columns)}"
            )
        find = getters([column.name for column in columns], paths)
        lines: list[str] = []
        with ThreadPoolExecutor(THREADS) as pool:
            for url, data in self.files(copy, pool):
                found = rows(unpacked(url, data, copy), columns, find, copy)
                loaded = len(lines)
                for result in found:
                    if isinstance(result, str):
                        lines.append(result)
                        continue
                    record.add_error(url, result)
                    if record.errors >= max(copy.max_error, 1):
                        record.finish("failed", 0)
                        raise CopyFailed(
                            f"Load into table '{record.table_name}' failed.  Check "
                            "'sys_load_error_detail' system table for details."
                        )
                record.add_file(url, len(data), len(lines) - loaded)
        listed = ", ".join(f'"{column.name}"' for column in columns)
        chunks = ("".join(lines[at : at + 5000]) for at in range(0, len(lines), 5000))
        if lines:
            server.query(
                f"copy {copy.relation} ({listed}) from stdin",
                (chunk.encode() for chunk in chunks),
            )
        record.finish("completed", len(lines))

    def files(
        self, copy: Copy, pool: ThreadPoolExecutor
    ) -> Iterable[tuple[str, bytes]]:
        """The addresses and contents, in order; raises CopyFailed."""
        entries = self.entries(copy)
        for bucket in sorted({address(url)[0] for url, _ in entries}):
            self.check_region(bucket, copy.region)

        def read(entry: tuple[str, bool]) -> tuple[str, bytes] | None:
            url, mandatory = entry
            try:
                data = self.peek(*address(url))
                return url, self.fetch(*address(url)) if data is None else data
            except ClientError as error:
                missing = error.response["Error"]["Code"] in {"NoSuchKey", "404"}
                if missing and not mandatory:
                    return None
                raise CopyFailed(service_text(error)) from None

        found = [item for item in pool.map(read, entries) if item is not None]
        if not found:
            raise CopyFailed(f"No files to load in {copy.source}")
        return found

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
        body: bytes = self.s3.get_object(Bucket=bucket, Key=key)["Body"].read()
        return body

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


class Record:
    """What the SYS views tell of one COPY; written beside the transaction."""

    def __init__(
        self, loads: Path, query: int, session: int, copy: Copy, table: int
    ) -> None:
        self.loads = loads
        self.copy = copy
        self.table = table
        self.table_name = copy.relation.replace('"', "").split(".")[-1]
        self.common = {"user_id": 100, "query_id": query}
        self.session = {"session_id": session, "transaction_id": query}
        self.start = now()
        self.errors = self.bytes = 0
        self.details: list[dict[str, Any]] = []

    def add_file(self, url: str, size: int, count: int) -> None:
        self.bytes += size
        self.details.append(
            {
                **self.common,
                "file_name": url,
                "bytes_scanned": size,
                "lines_scanned": count,
                "record_time": now(),
            }
        )

    def add_error(self, url: str, bad: BadRow) -> None:
        self.errors += 1
        column = bad.column
        line = {
            **self.common,
            **self.session,
            "database_name": "sparkify",
            "table_id": self.table,
            "start_time": self.start,
            "file_name": url,
            "line_number": bad.line,
            "column_name": column.name if column else "",
            "column_type": column.type if column else "",
            "column_length": str(max(column.size, 0)) if column else "",
            "position": 0,
            "error_code": bad.error.code,
            "error_message": str(bad.error),
            "raw_line": clean(bad.raw),
            "raw_field_value": clean(bad.value),
        }
        self.append("errors", [line])

    def finish(self, status: str, count: int) -> None:
        history = {
            **self.common,
            **self.session,
            "status": status,
            "database_name": "sparkify",
            "table_name": self.table_name,
            "data_source": self.copy.source,
            "file_format": "json",
            "loaded_rows": count,
            "loaded_bytes": self.bytes,
            "source_file_count": len(self.details),
            "error_count": self.errors,
            "start_time": self.start,
            "end_time": now(),
        }
        self.append("detail", self.details)
        self.append("history", [history])

    def append(self, name: str, records: list[dict[str, Any]]) -> None:
        with (self.loads / name).open("a", encoding="utf-8") as file:
            file.writelines(json.dumps(record) + "\n" for record in records)


def target(server: Server, copy: Copy) -> tuple[int, list[Column]]:
    """The table's id and the columns to fill; raises ServerError."""
    found = server.query(COLUMNS.format(relation=quote(copy.relation)))
    known = {
        str(name): Column(
            str(name),
            str(kind),
            # A text column without a size holds what Redshift's largest holds.
            (65535 if typmod == "-1" else int(typmod or 0) - 4)
            if kind == "character varying"
            else int(typmod or 0),
            required == "t",
        )
        for name, kind, typmod, required, _, _ in found
    }
    for name in copy.columns:
        if name not in known:
            raise CopyFailed(
                f'column "{name}" of relation "{copy.relation}" does not exist'
            )
    table = int(found[0][4] or 0)
    return table, [known[name] for name in copy.columns or known]


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


def now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(" ")


def clean(text: str) -> str:
    """1024 letters, none that JSON or the database cannot hold."""
    return text[:1024].encode(errors="replace").decode().replace("\0", ".")
