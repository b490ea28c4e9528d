"""COPY's work: turn the files into rows, refuse or insert them, and keep the record."""

import itertools
import json
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Any

from standin.copy_files import CopyFailed, Files
from standin.copy_parse import Copy
from standin.copy_rows import BadRow, Column, getters, rows
from standin.faults import Faults
from standin.wire import Server, quote

COLUMNS = """
select
    attname, format_type(atttypid, null), atttypmod, attnotnull, attrelid::oid
from pg_attribute
where attrelid = {relation}::regclass and attnum > 0 and not attisdropped
order by attnum
"""


class Loader:
    """Runs COPY for every session of one stand-in; `loads` holds the records."""

    def __init__(
        self, files: Files, loads: Path, database: str, faults: Faults
    ) -> None:
        self.files = files
        self.faults = faults
        self.loads = loads
        self.database = database
        self.queries = itertools.count(1)

    def run(self, server: Server, session: int, copy: Copy) -> None:
        """Load within the session's transaction.

        Raises CopyFailed, NotEmulated, and ServerError (no such table or column).
        """
        table, columns = target(server, copy)
        self.files.check_role(copy.role)
        record = Record(self, session, copy, table)
        paths = self.files.json_paths(copy)
        if paths is not None and len(paths) != len(columns):
            raise CopyFailed(
                "Number of jsonpaths and the number of columns should match. JSONPath "
                f"size: {len(paths)}, Number of columns in table or column list: "
                f"{len(columns)}"
            )
        find = getters([column.name for column in columns], paths)
        lines: list[str] = []
        for url, etag, data in self.files.read(copy):
            scanned = 0
            for result in rows(data, columns, find, copy):
                if isinstance(result, str):
                    lines.append(result)
                else:
                    record.add_error(url, result)
                scanned += 1
            record.add_file(url, etag, len(data), scanned)
        listed = ", ".join(f'"{column.name}"' for column in columns)
        chunks = ("".join(lines[at : at + 5000]) for at in range(0, len(lines), 5000))
        if lines:
            server.query(
                f"copy {copy.relation} ({listed}) from stdin",
                (chunk.encode() for chunk in chunks),
            )
        record.finish("completed", len(lines))


class Record:
    """What the SYS views say of one COPY; written beside the transaction.

    The faults may change what they say, but never what `pg_last_copy_count()` does.
    """

    def __init__(self, loader: Loader, session: int, copy: Copy, table: int) -> None:
        query = next(loader.queries)
        self.loads = loader.loads
        self.faults = loader.faults
        self.copy = copy
        self.table = table
        self.table_name = copy.relation.replace('"', "").split(".")[-1]
        self.common = {"user_id": 100, "query_id": query}
        self.session = {
            "session_id": session,
            "transaction_id": query,
            "database_name": loader.database,
        }
        self.start = now()
        self.errors = self.bytes = 0
        self.details: list[dict[str, Any]] = []

    def add_file(self, url: str, etag: str, size: int, count: int) -> None:
        self.bytes += size
        ended = now()
        self.details.append(
            {
                **self.common,
                "file_name": shown(url),
                "bytes_scanned": size,
                "lines_scanned": count,
                "record_time": ended,
                "splits_scanned": 1,
                "start_time": self.start,
                "end_time": ended,
                "file_etag": etag,
            }
        )

    def add_error(self, url: str, bad: BadRow) -> None:
        """Note one refused object; raises CopyFailed when MAXERROR is reached."""
        self.errors += 1
        column = bad.column
        line = {
            **self.common,
            **self.session,
            "table_id": self.table,
            "start_time": self.start,
            "file_name": shown(url),
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
        if self.errors >= max(self.copy.max_error, 1):
            self.finish("failed", 0)
            raise CopyFailed(
                f"Load into table '{self.table_name}' failed.  Check "
                "'sys_load_error_detail' system table for details."
            )

    def finish(self, status: str, count: int) -> None:
        history = {
            **self.common,
            **self.session,
            "status": status,
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
        if name == "history":
            self.write("copies", records)
        changed = [self.faults.in_view(name, record) for record in records]
        kept = [record for record in changed if record is not None]
        self.faults.show(partial(self.write, name, kept))

    def write(self, name: str, records: list[dict[str, Any]]) -> None:
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
        for name, kind, typmod, required, _ in found
    }
    for name in copy.columns:
        if name not in known:
            raise CopyFailed(
                f'column "{name}" of relation "{copy.relation}" does not exist'
            )
    table = int(found[0][4] or 0)
    return table, [known[name] for name in copy.columns or known]


def now() -> str:
    return datetime.now(UTC).replace(tzinfo=None).isoformat(" ")


def shown(url: str) -> str:
    """A file's name as the views have it: 256 bytes (DG SYS_LOAD_DETAIL)."""
    return url.encode()[:256].decode(errors="ignore")


def clean(text: str) -> str:
    """1024 letters, none that JSON or the database cannot hold."""
    return text[:1024].encode(errors="replace").decode().replace("\0", ".")
