"""A warehouse on the stand-in: dbt kept in this process, S3 to load from, a look in."""

import json
import os
import re
import threading
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import pytest
from click.testing import Result
from common.settings import Data
from dbt_project.runner import Dbt
from standin.stack import StandIn
from standin.wire import Server, ServerError

from support.buckets import Objects
from support.helpers import MARTS, InThisProcess, Warehouse

SCHEMA = "sparkify"
STAGING = f"{SCHEMA}_staging"
TABLES = (
    "staging_events",
    "staging_songs",
    "loaded_files",
    "rejected_rows",
    "superseded_rows",
)


class RedshiftWarehouse(InThisProcess):
    """An empty warehouse, its buckets, and the project's own code to fill it.

    Always in one schema: what dbt has parsed once serves every test.
    """

    def __init__(self, server: StandIn, dbt: Dbt) -> None:
        super().__init__(dbt)
        self.server = server
        self.faults = server.faults
        self.bucket = Objects("sparkify-data", server.region)
        self.manifests = Objects("sparkify-manifests", server.region)
        self.view_seconds = 60

    @property
    def data(self) -> Data:
        """The settings that name these buckets."""
        return replace(
            self.bucket.data,
            manifests=f"s3://{self.manifests.name}/m",
            system_view_seconds=self.view_seconds,
        )

    def put(self, key: str, content: bytes) -> str:
        """An object as it is; its address."""
        self.bucket.put(key, content)
        return f"s3://{self.bucket.name}/{key}"

    def cli(self, *words: str | Path) -> Result:
        """scripts/warehouse.py in this process, with the options that name all this."""
        command, *more = words
        return super().cli(command, *self.options, *more)

    @property
    def options(self) -> tuple[str, ...]:
        """The command line's options that name this target and these buckets."""
        settings = Path(os.environ["DBT_TARGET_PATH"]) / "warehouse.toml"
        settings.parent.mkdir(exist_ok=True)
        data = asdict(self.data).items()
        written = [f"{name} = {json.dumps(value)}" for name, value in data]
        settings.write_text("\n".join(["[data]", *written]))
        return ("--target", "redshift", "--config", str(settings))

    def rows(self, sql: str) -> list[tuple[str | None, ...]]:
        """The rows of a query, as text, staging tables by their bare names."""
        return self.server.query(
            f"set search_path to {SCHEMA}, {STAGING}, public, standin, pg_catalog;{sql}"
        )

    def published(self) -> dict[str, list[tuple[str | None, ...]]]:
        """All that a load can change, but for the time."""
        made = {name for (name,) in self.rows("select tablename from pg_tables")}
        columns = dict.fromkeys(TABLES, "*") | {
            "loaded_files": "load_id, source, path, etag, bytes, rows_loaded,"
            " rows_rejected"
        }
        return {
            table: sorted(
                self.rows(f"select {columns[table]} from {table}")
                if table in made
                else [],
                key=repr,
            )
            for table in TABLES
        }

    def sent(self) -> list[str]:
        """The statements that came in so far, without comments and line ends."""
        return [
            " ".join(statement.sql.split("*/")[-1].split())
            for statement in self.server.statements
        ]


@dataclass
class Readings:
    """What a reader was refused, and each number of rows that it saw in each mart."""

    refused: list[str] = field(default_factory=list)
    counts: dict[str, set[int]] = field(default_factory=dict)


@contextmanager
def reading(
    cluster: RedshiftWarehouse, user: str, *settings: str
) -> Iterator[Readings]:
    """Meanwhile `user` counts the rows of all marts again and again.

    It reads past the proxy: the faults of a test strike others. A wait for a lock is
    refused, unless `settings` of the session allow it.
    """
    seen = Readings()
    rounds = 0
    done = threading.Event()
    server = cluster.server
    connection = Server(
        server.postgres.directory, {"user": user, "database": server.database}
    )
    for setting in settings or ("lock_timeout to 1",):
        connection.query(f"set {setting}")

    def read() -> None:
        nonlocal rounds
        while not done.is_set():
            for mart in MARTS:
                try:
                    ((count,),) = connection.query(
                        f"select count(*) from {SCHEMA}.{mart}"
                    )
                except ServerError as error:
                    seen.refused.append(f"{mart}: {error}")
                else:
                    seen.counts.setdefault(mart, set()).add(int(str(count)))
            rounds += 1

    reader = threading.Thread(target=read)
    reader.start()
    try:
        yield seen
    finally:
        done.set()
        reader.join()
        connection.close()
    assert rounds > 100


def denied(sent: Iterable[str]) -> list[str]:
    """The statements that Serverless denies: those on views of a cluster's nodes."""
    return [sql for sql in sent if re.search(r"[ .](stl|stv|svl|svcs)_", sql)]


@pytest.fixture(scope="session")
def redshift_database() -> str:
    """The stand-in's database, named as ours."""
    return "sparkify"


@pytest.fixture(scope="session")
def redshift_target(
    redshift_server: StandIn, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The environment in which dbt's target `redshift` is the stand-in."""
    redshift_server.new_schema(SCHEMA)
    # A folder of its own: dbt parses again when the target changes.
    target = tmp_path_factory.mktemp("redshift") / "target"
    return redshift_server.environment | {"DBT_TARGET_PATH": str(target)}


@pytest.fixture(scope="session")
def redshift_dbt(environment: Path, redshift_target: dict[str, str]) -> Dbt:
    """dbt on the target `redshift`, parsed once."""
    with pytest.MonkeyPatch.context() as patch:
        for name, value in redshift_target.items():
            patch.setenv(name, value)
        return Dbt("redshift")


@pytest.fixture
def cluster(
    redshift_server: StandIn,
    redshift_dbt: Dbt,
    redshift_target: dict[str, str],
    monkeypatch: pytest.MonkeyPatch,
) -> Iterator[RedshiftWarehouse]:
    """An empty warehouse on the stand-in."""
    redshift_server.new_schema(SCHEMA)
    for name, value in redshift_target.items():
        monkeypatch.setenv(name, value)
    made = RedshiftWarehouse(redshift_server, redshift_dbt)
    yield made
    assert redshift_server.faults.struck(), "a fault of this test never struck"


@pytest.fixture(params=["warehouse", "cluster"])
def subject(request: pytest.FixtureRequest) -> Warehouse | RedshiftWarehouse:
    """An empty warehouse on either engine."""
    empty: Warehouse | RedshiftWarehouse = request.getfixturevalue(request.param)
    return empty


@pytest.fixture
def analyst(cluster: RedshiftWarehouse) -> Iterator[str]:
    """A user of the group `analysts`, who owns nothing."""
    server = cluster.server
    server.query("create group analysts; create user ann in group analysts")
    yield "ann"
    server.query("drop owned by analysts; drop user ann; drop group analysts")
