"""The load: list, compare with the ledger, read what is new, let SQL publish it."""

import functools
import json
import tempfile
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import aws
import s3_address
from dbt_project import Dbt, Rows
from endings import explained
from errors import Refused, WarehouseError
from messages import progress, say, warn
from sample.mark import is_sample
from settings import PROJECT, Data

from load import redshift, s3
from load.files import (
    HIDDEN,
    Kind,
    Known,
    Listed,
    described,
    is_unchanged,
    list_folder,
    reason_to_ignore,
)
from load.reading import Reader

CACHE = PROJECT / "data" / "cache"
# What names another warehouse, by engine.
OTHER_WAREHOUSE = {"duckdb": "SPARKIFY_DUCKDB", "redshift": "REDSHIFT_SCHEMA"}

Delivered = tuple[str, str]  # kind and path
Ordered = tuple[int, Listed]  # a file, after its position in the order of a reload
Connect = Callable[[], Any]  # makes the S3 client, or gives the one that is there
Prepared = tuple[dict[str, Any], dict[Delivered, str]]  # the plan, and the files' ETags


@dataclass(frozen=True)
class Loaded:
    """What a load did, or what all loads did: numbers of files and of lines."""

    files: int
    rows: int
    rejected: int


@dataclass(frozen=True)
class Listing:
    """The files of a kind below a folder or prefix."""

    kind: Kind
    uri: str
    files: list[Listed]
    ignored: Counter[str]

    @property
    def paths(self) -> list[str]:
        """The files' names in the ledger."""
        return [file.path for file in self.files]

    def hidden(self, known: Iterable[Delivered]) -> list[str]:
        """Files in the ledger that an earlier version loaded from hidden paths."""
        uri = self.uri
        root = str(s3_address.parse(uri)) if s3_address.is_s3(uri) else f"{uri}/"
        return sorted(
            path
            for kind, path in known
            if kind == self.kind
            and path.startswith(root)
            and reason_to_ignore(path.removeprefix(root)) == HIDDEN
        )


def load(
    dbt: Dbt, data: Data, max_errors: int, reload: bool, mix_sample: bool = False
) -> Loaded:
    """Load every file once: those that are new or changed, or with `reload` all.

    All or nothing: raises WarehouseError, and then nothing was published. Raises
    Refused where sample data would meet other data, unless `mix_sample`.
    """
    prepare = _prepare_files
    if dbt.engine == "redshift":
        prepare = _prepare_manifests
        redshift.check(dbt, data)
    # One client for all: to make it and to find credentials takes a second.
    connect = functools.cache(lambda: aws.Clients(data.region).s3)
    with explained(lambda: "nothing was loaded; run again"):
        listings = [
            _list("events", data.events, connect),
            _list("songs", data.songs, connect),
        ]
        by_place = [(listing.uri, listing.paths) for listing in listings]
        if not mix_sample:
            _refuse_mix(dbt, by_place)
        dbt.require_folder()
        rows = dbt.query("{{ known_files() }}")
        newest = max((row["load_id"] for row in rows), default=0)
        known = {
            (row["source"], row["path"]): Known(
                row["etag"], int(row["bytes"]), row["modified_ns"]
            )
            for row in rows
            if not reload
        }
        if not mix_sample:
            _refuse_mix(dbt, [*by_place, (dbt.place, [path for _, path in known])])
        new = [file for listing in listings for file in _new(listing, known)]
        for listing in listings:
            _warn_of_hidden(listing, rows, reload)
    loaded = Loaded(0, 0, 0)
    if new:
        # A reload takes the files in the order in which they first came, new ones last.
        places = {(row["source"], row["path"]): int(row["place"]) for row in rows}
        ordered = [
            (places.get((file.kind, file.path), len(rows) + 1) if reload else 0, file)
            for file in new
        ]
        ordered.sort(key=lambda entry: (entry[1].kind, entry[0], entry[1].path))
        with (
            explained(lambda: _published(dbt, newest)),
            prepare(dbt, data, connect, ordered, known) as (plan, etags),
        ):
            dbt.operation(
                "load_staging", plan=plan, max_errors=max_errors, reload=reload
            )
        # The counts, and beside them each file that held nothing.
        rows = dbt.query(
            f"select * from ({{{{ loaded_since({newest}) }}}}) as counts"
            f" left join ({{{{ empty_files_since({newest}) }}}}) as empty on 1 = 1"
        )
        loaded = _loaded(rows[0])
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
        for row in rows:
            if row["path"]:
                warn(f"{row['path']}: empty, 0 rows")
    say(
        f"loaded {loaded.files:,} files: {loaded.rows:,} rows,"
        f" {loaded.rejected:,} rejected"
    )
    return loaded


def _loaded(row: dict[str, Any]) -> Loaded:
    return Loaded(int(row["files"]), int(row["rows_loaded"]), int(row["rows_rejected"]))


def _list(kind: Kind, uri: str, connect: Connect) -> Listing:
    """The files of a kind, new or not."""
    if s3_address.is_s3(uri):
        files, ignored = s3.list_prefix(connect(), kind, uri)
    else:
        files, ignored = list_folder(kind, Path(uri))
    if not files:
        others = f" ({described(ignored)})" if ignored else ""
        raise WarehouseError(
            f"{kind}: no JSON file under {uri}{others};"
            f" check --{kind} or warehouse.toml"
        )
    return Listing(kind, uri, files, ignored)


def _new(listing: Listing, known: dict[Delivered, Known]) -> list[Listed]:
    """The files that the listing alone does not show to be unchanged."""
    kind, files = listing.kind, listing.files
    new = [
        file for file in files if not is_unchanged(file, known.get((kind, file.path)))
    ]
    counts = [f"{len(files):,} files", f"{len(new):,} to read"]
    counts += [described(listing.ignored)] if listing.ignored else []
    say(f"{kind}: {', '.join(counts)}")
    return new


def _warn_of_hidden(listing: Listing, rows: Rows, reload: bool) -> None:
    """Name the files of hidden paths whose rows are in the warehouse."""
    hidden = listing.hidden((row["source"], row["path"]) for row in rows)
    if hidden:
        named = ", ".join(hidden[:3]) + (", ..." if len(hidden) > 3 else "")
        warn(
            f"{listing.kind}: {len(hidden):,} loaded files are {HIDDEN}: {named}; "
            + ("the reload drops them" if reload else "`run --reload` drops their rows")
        )


def _refuse_mix(dbt: Dbt, places: list[tuple[str, list[str]]]) -> None:
    """Raise Refused if some of these places' files are sample data, and some not."""
    sample = [place for place, paths in places if any(map(is_sample, paths))]
    other = [place for place, paths in places if not all(map(is_sample, paths))]
    if sample and other:
        raise Refused(
            f"{sample[-1]} holds sample data, {other[-1]} does not, and a warehouse"
            " should hold one kind: give both --events and --songs, and name another"
            f" warehouse with {OTHER_WAREHOUSE[dbt.engine]} for the other kind;"
            " --reload replaces what is loaded, --mix-sample allows the mix"
        )


def _published(dbt: Dbt, newest: int) -> str:
    """What became of a load that was interrupted."""
    known = dbt.query("{{ known_files() }}")
    if any(row["load_id"] > newest for row in known):
        return "the load is complete, the marts are not; run again"
    return "nothing was loaded; run again"


@contextmanager
def _prepare_files(
    dbt: Dbt,
    data: Data,
    connect: Connect,
    files: list[Ordered],
    known: dict[Delivered, Known],
) -> Iterator[Prepared]:
    """Look at the files here, for DuckDB to read; those in S3 are fetched first."""
    remote = [file for _, file in files if file.etag is not None]
    fetched: dict[Listed, Path] = {}
    if remote:
        with progress("fetching", len(remote)) as bar:
            copies = s3.fetch(connect(), remote, CACHE, lambda: bar.update(1))
        fetched = dict(zip(remote, copies, strict=True))
    with _temporary_folder() as folder:
        reader = Reader(folder)
        with progress("reading", len(files)) as bar:
            for _, file in files:
                local = str(fetched[file]) if file.etag is not None else file.path
                reader.examine(file, local, known.get((file.kind, file.path)))
                bar.update(1)
        reader.finish()
        plan = {"files": folder / "files.ndjson", "batches": folder / "batches.ndjson"}
        with plan["files"].open("w", encoding="utf-8") as out:
            out.writelines(
                json.dumps(delivery._asdict() | {"place": place}) + "\n"
                for delivery, (place, _) in zip(reader.deliveries, files, strict=True)
            )
        with plan["batches"].open("w", encoding="utf-8") as out:
            out.writelines(json.dumps(asdict(batch)) + "\n" for batch in reader.batches)
        yield (
            {name: str(path) for name, path in plan.items()},
            {(file.kind, file.path): file.etag for file in reader.deliveries},
        )


@contextmanager
def _temporary_folder() -> Iterator[Path]:
    """A folder for this load alone; a full one is not blamed on a source file."""
    try:
        with tempfile.TemporaryDirectory(prefix="sparkify-load-") as folder:
            yield Path(folder)
    except OSError as error:
        raise WarehouseError(
            f"the temporary folder {tempfile.gettempdir()}: {error.strerror or error};"
            " make room there, or set TMPDIR to another folder"
        ) from None


@contextmanager
def _prepare_manifests(
    dbt: Dbt,
    data: Data,
    connect: Connect,
    files: list[Ordered],
    known: dict[Delivered, Known],
) -> Iterator[Prepared]:
    """Redshift reads the files itself, and a reload in any order."""
    listed = [file for _, file in files]
    with redshift.prepared(dbt, data, connect, listed) as plan:
        yield plan, {(file.kind, file.path): str(file.etag) for file in listed}
