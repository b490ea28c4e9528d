"""The load: list, compare with the ledger, read what is new, let SQL publish it."""

import json
import sys
import tempfile
from collections.abc import Iterator
from contextlib import AbstractContextManager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
import s3
from dbt_project import Dbt
from errors import WarehouseError
from files import Delivery, Known, Source, examine, is_unchanged, list_folder
from settings import PROJECT, Data

if TYPE_CHECKING:
    from types_boto3_s3 import S3Client

CACHE = PROJECT / "data" / "cache"


@dataclass(frozen=True)
class Loaded:
    """What a load did, or what all loads did: numbers of files and of lines."""

    files: int
    rows: int
    rejected: int


def load(dbt: Dbt, data: Data, max_errors: int, reload: bool) -> Loaded:
    """Load every file once: those that are new or changed, or with `reload` all.

    All or nothing: raises WarehouseError, and then nothing was published.
    """
    dbt.operation("create_staging_tables")
    rows = dbt.query("{{ known_files() }}")
    newest = max((row["load_id"] for row in rows), default=0)
    known = {
        (row["source"], row["path"]): Known(
            row["etag"], int(row["bytes"]), row["modified_ns"]
        )
        for row in rows
        if not reload
    }
    with tempfile.TemporaryDirectory(prefix="sparkify-load-") as folder:
        copies = Path(folder)
        deliveries = [
            *_new_files("events", data.events, data.region, known, copies),
            *_new_files("songs", data.songs, data.region, known, copies),
        ]
        if deliveries:
            plan = copies / "plan.ndjson"
            with plan.open("w", encoding="utf-8") as out:
                out.writelines(json.dumps(asdict(file)) + "\n" for file in deliveries)
            dbt.operation(
                "load_staging", plan=str(plan), max_errors=max_errors, reload=reload
            )
    loaded = counts_since(dbt, newest)
    new = [file for file in deliveries if not _is_known(file, known)]
    if new and not loaded.files:
        raise WarehouseError(
            "the load is not in the ledger: another process loaded these files"
            " meanwhile; run again"
        )
    if new:
        for row in dbt.query(f"{{{{ empty_files_since({newest}) }}}}"):
            click.echo(f"warning: {row['path']}: empty, 0 rows", err=True)
    click.echo(
        f"loaded {loaded.files:,} files: {loaded.rows:,} rows,"
        f" {loaded.rejected:,} rejected",
        err=True,
    )
    return loaded


def counts_since(dbt: Dbt, load_id: int) -> Loaded:
    """What the loads after `load_id` (from 1) brought."""
    row = dbt.query(f"{{{{ loaded_since({load_id}) }}}}")[0]
    return Loaded(int(row["files"]), int(row["rows_loaded"]), int(row["rows_rejected"]))


def _new_files(  # those that the listing alone does not show to be unchanged
    source: Source,
    uri: str,
    region: str,
    known: dict[tuple[str, str], Known],
    copies: Path,
) -> Iterator[Delivery]:
    remote: S3Client | None = None
    if uri.startswith("s3://"):
        remote = s3.client(region)
        listed, ignored = s3.list_prefix(remote, source, uri)
    else:
        listed, ignored = list_folder(source, Path(uri))
    if not listed:
        raise WarehouseError(
            f"{source}: no JSON file under {uri}; check --{source} or warehouse.toml"
        )
    new = [
        file
        for file in listed
        if not is_unchanged(file, known.get((source, file.path)))
    ]
    click.echo(
        f"{source}: {len(listed):,} files, {len(new):,} to read"
        + (f", {ignored:,} ignored (not JSON)" if ignored else ""),
        err=True,
    )
    locals_ = [Path(file.path) for file in new]
    if remote is not None:
        with _progress(f"fetching {source}", len(new)) as bar:
            locals_ = s3.fetch(remote, new, CACHE, lambda: bar.update(1))
    with _progress(f"reading {source}", len(new)) as bar:
        for file, local in zip(new, locals_, strict=True):
            yield examine(file, local, copies)
            bar.update(1)


def _is_known(file: Delivery, known: dict[tuple[str, str], Known]) -> bool:
    """Whether only the time of a file is new: its content stands in the ledger."""
    before = known.get((file.source, file.path))
    return before is not None and before.etag == file.etag


def _progress(label: str, length: int) -> AbstractContextManager[Any]:
    return click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    )
