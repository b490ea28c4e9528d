"""The load: list, compare with the ledger, read what is new, let SQL publish it."""

import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path
from typing import Any

from common import aws, s3_address
from common.errors import Refused, WarehouseError
from common.messages import progress, say, warn
from common.settings import PROJECT, Data
from common.signals import explained
from dbt_project.runner import Dbt
from sample import is_sample

from load import redshift, s3
from load.files import (
    HIDDEN,
    Kind,
    Listed,
    described,
    is_unchanged,
    list_folder,
    reason_to_ignore,
)
from load.reading import Batch, Reader, Task

CACHE = PROJECT / "data" / "cache"

# The plan for the macro load_staging, the answer to what it logs, and whether the
# ledger must have more files when it is done.
Prepared = tuple[dict[str, Any], Callable[[str], None] | None, Callable[[], bool]]


@dataclass(frozen=True)
class Loaded:
    """What a load did: numbers of files and of lines.

    `replaced` counts the rows that a row with the same key and other content replaced,
    `replaced_keys` names the first of them, with loads and files.
    """

    files: int
    rows: int
    rejected: int
    replaced: int = field(default=0, compare=False)
    replaced_keys: tuple[str, ...] = field(default=(), compare=False)


@dataclass(frozen=True)
class Listing:
    """The files of a kind below a folder or prefix."""

    kind: Kind
    uri: str
    files: list[Listed]
    ignored: Counter[str]


def load(dbt: Dbt, data: Data, max_errors: int, reload: bool) -> Loaded:
    """Load every file once: those that are new or changed, or with `reload` all.

    All or nothing: raises WarehouseError, and then nothing was published. Raises
    Refused where sample data would meet other data.
    """
    prepare = _prepare_files
    if dbt.engine == "redshift":
        prepare = redshift.prepared
        redshift.check(dbt, data)
    clients = aws.Clients(data.region)
    with explained(lambda: "nothing was loaded; run again"):
        listings = [
            _list("events", data.events, clients),
            _list("songs", data.songs, clients),
        ]
        paths = [(each.uri, [file.path for file in each.files]) for each in listings]
        _refuse_mix(paths)
        dbt.require_folder()
        ledger = {
            (row["source"], row["path"]): row
            for row in dbt.query("{{ known_files() }}")
        }
        if not reload:
            _refuse_mix([*paths, (dbt.place, [path for _, path in ledger])])
        newest = max((row["load_id"] for row in ledger.values()), default=0)
        tasks = []
        for listing in listings:
            tasks += _tasks(listing, ledger, reload)
            _warn_of_hidden(listing, ledger, reload)
    loaded = Loaded(0, 0, 0)
    if tasks:
        tasks.sort(
            key=lambda task: (task.file.kind, task.delivery_order, task.file.path)
        )
        with (
            explained(lambda: _published(dbt, newest)),
            prepare(dbt, data, clients, tasks) as (plan, answer, has_new),
        ):
            dbt.operation(
                "load_staging",
                answer=answer,
                plan=plan,
                max_errors=max_errors,
                reload=reload,
            )
        loaded = _result(dbt, newest)
        # Whatever dbt says: a load that is not in the ledger did not happen.
        if has_new() and not loaded.files:
            raise WarehouseError(
                "the load is not in the ledger: another process loaded these files"
                " meanwhile; run again"
            )
    say(
        f"loaded {loaded.files:,} files: {loaded.rows:,} rows,"
        f" {loaded.rejected:,} rejected"
    )
    return loaded


def _result(dbt: Dbt, newest: int) -> Loaded:
    """What was loaded after the load `newest`; warns of what a person should see."""
    rows = dbt.query(f"{{{{ loads_since({newest}) }}}}")
    counts = rows[0]
    if empty := int(counts["empty_files"]):
        more = f", and {empty - 1:,} more" if empty > 1 else ""
        warn(f"{counts['empty_file']}: empty, 0 rows{more}")
    keys = tuple(map(_replaced_key, [row for row in rows if row["row_key"]]))
    replaced = int(counts["replaced"] or 0)
    if replaced:
        more = "; ..." if replaced > len(keys) else ""
        warn(
            f"{replaced:,} rows were replaced by a row with the same key and other"
            f" content: {'; '.join(keys)}{more}; `warehouse.py show replaced_rows`"
            " lists all"
        )
    return Loaded(
        int(counts["files"]),
        int(counts["rows_loaded"]),
        int(counts["rows_rejected"]),
        replaced,
        keys,
    )


def _replaced_key(row: dict[str, Any]) -> str:
    """A replaced row in words: its key, where it was and what replaced it."""
    old = row["superseded_path"] or f"load {row['superseded_load_id']}"
    new = row["path"] or f"load {row['load_id']}"
    return f"{row['row_key']} ({old}, replaced by {new})"


def _list(kind: Kind, uri: str, clients: aws.Clients) -> Listing:
    """The files of a kind, new or not."""
    if s3_address.is_s3(uri):
        files, ignored = s3.list_prefix(clients.s3, kind, uri)
    else:
        files, ignored = list_folder(kind, Path(uri))
    if not files:
        others = f" ({described(ignored)})" if ignored else ""
        raise WarehouseError(
            f"{kind}: no JSON file under {uri}{others};"
            f" check --{kind} or warehouse.toml"
        )
    return Listing(kind, uri, files, ignored)


def _tasks(
    listing: Listing, ledger: dict[tuple[str, str], dict[str, Any]], reload: bool
) -> list[Task]:
    """The files that the listing alone does not show to be unchanged; says how many.

    A reload takes all, in the order of their first deliveries, new ones last.
    """
    tasks = []
    for file in listing.files:
        row = ledger.get((file.kind, file.path))
        if reload:
            order = int(row["delivery_order"]) if row else len(ledger) + 1
            tasks.append(Task(file, file.path, None, order))
        elif not is_unchanged(file, row):
            tasks.append(Task(file, file.path, row["etag"] if row else None))
    counts = [f"{len(listing.files):,} files", f"{len(tasks):,} to read"]
    counts += [described(listing.ignored)] if listing.ignored else []
    say(f"{listing.kind}: {', '.join(counts)}")
    return tasks


def _warn_of_hidden(
    listing: Listing, ledger: Iterable[tuple[str, str]], reload: bool
) -> None:
    """Name the files that an earlier version loaded from hidden paths."""
    uri = listing.uri
    root = str(s3_address.parse(uri)) if s3_address.is_s3(uri) else f"{uri}/"
    hidden = sorted(
        path
        for kind, path in ledger
        if kind == listing.kind
        and path.startswith(root)
        and reason_to_ignore(path.removeprefix(root)) == HIDDEN
    )
    if hidden:
        named = ", ".join(hidden[:3]) + (", ..." if len(hidden) > 3 else "")
        warn(
            f"{listing.kind}: {len(hidden):,} loaded files are {HIDDEN}: {named}; "
            + ("the reload drops them" if reload else "`run --reload` drops their rows")
        )


def _refuse_mix(locations: list[tuple[str, list[str]]]) -> None:
    """Raise Refused if some of these locations' files are sample data, and some not."""
    sample = [where for where, paths in locations if any(map(is_sample, paths))]
    other = [where for where, paths in locations if not all(map(is_sample, paths))]
    if sample and other:
        raise Refused(
            f"{sample[-1]} holds sample data, {other[-1]} does not, and a warehouse"
            " should hold one kind: give both --events and --songs, and name another"
            " warehouse for the other kind with SPARKIFY_DUCKDB, on Redshift with"
            " REDSHIFT_SCHEMA; --reload replaces what is loaded"
        )


def _published(dbt: Dbt, newest: int) -> str:
    """What became of a load that was interrupted."""
    if any(row["load_id"] > newest for row in dbt.query("{{ known_files() }}")):
        return "the load is complete, the marts are not; run again"
    return "nothing was loaded; run again"


@contextmanager
def _prepare_files(
    dbt: Dbt, data: Data, clients: aws.Clients, tasks: list[Task]
) -> Iterator[Prepared]:
    """Read the files here, for DuckDB to load; those in S3 are fetched first."""
    remote = [task.file for task in tasks if task.file.etag is not None]
    if remote:
        with progress("fetching", len(remote)) as advance:
            copies = s3.fetch(clients.s3, remote, CACHE, lambda: advance(1))
        fetched = dict(zip(remote, map(str, copies), strict=True))
        tasks = [
            replace(task, local=fetched.get(task.file, task.local)) for task in tasks
        ]
    size = sum(task.file.size for task in tasks)
    batch: Batch | None = None
    with (
        tempfile.TemporaryDirectory(prefix="sparkify-load-") as name,
        Reader(folder := Path(name), tasks) as reader,
        progress("loading", size, in_bytes=True) as advance,
    ):

        def describe_batch(logged: str) -> None:
            """Write the batch that load_staging waits for, or null and the files."""
            _, is_batch, number = logged.partition("load_staging: batch ")
            if not is_batch:
                return
            nonlocal batch
            if batch:  # SQL has read it
                advance(batch.file_bytes)
            batch = reader.next_batch()
            text = json.dumps(asdict(batch) if batch else None)
            (folder / f"{number}.batch").write_text(text, encoding="utf-8")
            if batch is None:
                with (folder / "files.ndjson").open("w", encoding="utf-8") as out:
                    for delivery in reader.deliveries:
                        out.write(json.dumps(delivery) + "\n")

        yield (
            {"folder": str(folder)},
            describe_batch,
            lambda: any(delivery["is_new"] for delivery in reader.deliveries),
        )
