"""The load: list, compare with the ledger, read what is new, let SQL publish it."""

import functools
import json
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aws
import click
from dbt_profile import check_profile
from dbt_project import Dbt
from errors import WarehouseError
from redshift_errors import plain_copy_errors
from settings import PROJECT, Data

from load import s3
from load.files import Known, Listed, Source, examine, is_unchanged, list_folder
from load.manifests import check_places, write_plan

CACHE = PROJECT / "data" / "cache"

Place = tuple[str, str]  # source and path
Connect = Callable[[], Any]  # makes the S3 client, or gives the one that is there
Prepared = tuple[dict[str, str], dict[Place, str]]  # the plan, and the files' ETags


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
    prepare = _prepare_files
    plain_errors: AbstractContextManager[None] = nullcontext()
    if dbt.engine == "redshift":
        prepare, plain_errors = _prepare_manifests, plain_copy_errors(data)
        check_places(data)
        check_profile(dbt.profile_path, dbt.target)
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
    # One client for all: to make it and to find credentials takes a second.
    connect = functools.cache(lambda: aws.Clients(data.region).s3)
    new = [
        *_list_new("events", data.events, connect, known),
        *_list_new("songs", data.songs, connect, known),
    ]
    loaded = Loaded(0, 0, 0)
    if new:
        with prepare(dbt, data, connect, new) as (plan, etags), plain_errors:
            dbt.operation(
                "load_staging", plan=plan, max_errors=max_errors, reload=reload
            )
        loaded = counts_since(dbt, newest)
        changed = {
            place
            for place, etag in etags.items()
            if place not in known or known[place].etag != etag
        }
        # Whatever dbt says: a load that is not in the ledger did not happen.
        if changed and not loaded.files:
            raise WarehouseError(
                "the load is not in the ledger: another process loaded these files"
                " meanwhile; run again"
            )
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


def _list_new(
    source: Source, uri: str, connect: Connect, known: dict[Place, Known]
) -> list[Listed]:
    """The files that the listing alone does not show to be unchanged."""
    if uri.startswith("s3://"):
        listed, ignored = s3.list_prefix(connect(), source, uri)
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
    return new


@contextmanager
def _prepare_files(
    dbt: Dbt, data: Data, connect: Connect, files: list[Listed]
) -> Iterator[Prepared]:
    """Look at the files here, for DuckDB to read; those in S3 are fetched first."""
    remote = [file for file in files if file.etag is not None]
    local = {file: Path(file.path) for file in files}
    if remote:
        with _progress("fetching", len(remote)) as bar:
            fetched = s3.fetch(connect(), remote, CACHE, lambda: bar.update(1))
        local |= dict(zip(remote, fetched, strict=True))
    with tempfile.TemporaryDirectory(prefix="sparkify-load-") as folder:
        deliveries = []
        with _progress("reading", len(files)) as bar:
            for file in files:
                deliveries.append(examine(file, local[file], Path(folder)))
                bar.update(1)
        plan = Path(folder) / "plan.ndjson"
        with plan.open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(asdict(file)) + "\n" for file in deliveries)
        yield (
            {"files": str(plan)},
            {(file.source, file.path): file.etag for file in deliveries},
        )


@contextmanager
def _prepare_manifests(
    dbt: Dbt, data: Data, connect: Connect, files: list[Listed]
) -> Iterator[Prepared]:
    """Say in S3 what there is to load, for Redshift to read the files itself."""
    keys = [row["json_key"] for row in dbt.query("{{ json_keys('events') }}")]
    plan = write_plan(connect(), data, files, keys)
    yield plan, {(file.source, file.path): str(file.etag) for file in files}


def _progress(label: str, length: int) -> AbstractContextManager[Any]:
    return click.progressbar(
        length=length, label=label, file=sys.stderr, hidden=not sys.stderr.isatty()
    )
