"""Files for a loaded warehouse on the stand-in: what it was before them, and after."""

import gzip
from dataclasses import dataclass
from typing import ClassVar

from common.errors import WarehouseError
from load.loading import Loaded

from support.helpers import event, lines, song
from support.redshift_warehouse import STAGING, TABLES, RedshiftWarehouse

Published = dict[str, list[tuple[str | None, ...]]]


@dataclass(frozen=True)
class Known:
    """What the first delivery of a session found out for all others."""

    before: Published
    after: Published
    statements: int


class Delivery:
    """A loaded warehouse, and files to come: new, changed, zipped, with a bad line.

    The tables of `before` are kept in the schema `public`, which no test drops, under
    names of their own.
    """

    known: ClassVar[dict[int, Known]] = {}

    def __init__(self, cluster: RedshiftWarehouse) -> None:
        self.cluster = cluster
        found = self.known.get(cluster.server.port)
        if found is None:
            found = self.known[cluster.server.port] = self._find_out()
        else:
            self._put_new_files()
            cluster.server.query(f"create schema {STAGING}")
            for table in self._tables():
                cluster.server.query(
                    f"create table {STAGING}.{table} (like public.kept_{table});"
                    f" insert into {STAGING}.{table} select * from public.kept_{table}"
                )
        self.before, self.after = found.before, found.after
        self.statements = found.statements

    def load(self) -> Loaded:
        return self.cluster.load(max_errors=1)

    def take_back(self) -> None:
        """The warehouse as it was before the delivery."""
        self.cluster.rows(
            ";".join(
                f"truncate {table};"
                f" insert into {table} select * from public.kept_{table}"
                for table in TABLES
            )
        )
        assert self.cluster.published() == self.before

    def disturbed_load(self) -> str:
        """A load in which a fault strikes: all or nothing, and what it says."""
        said = ""
        try:
            self.load()
        except WarehouseError as error:
            said = str(error)
        assert self.cluster.faults.struck()
        assert "\n" not in said
        assert self.cluster.published() in (self.before, self.after)
        return said

    def converges(self) -> None:
        """One more load, and everything is as if nothing had been."""
        self.load()
        assert self.cluster.published() == self.after
        assert self.load() == Loaded(0, 0, 0)

    def _find_out(self) -> Known:
        cluster = self.cluster
        cluster.put_events("1.json", event(0), event(1))
        cluster.put_songs("A.json", song("SO1"))
        cluster.load()
        before = self.before = cluster.published()
        for table in self._tables():
            cluster.server.query(
                f"create table public.kept_{table} (like {STAGING}.{table});"
                f" insert into public.kept_{table} select * from {STAGING}.{table}"
            )
        self._put_new_files()
        cluster.faults.clear()
        self.load()
        statements = len(cluster.sent())
        after = cluster.published()
        assert len(after["staging_events"]) == 5
        assert len(after["rejected_rows"]) == 1
        self.take_back()
        return Known(before, after, statements)

    def _put_new_files(self) -> None:
        cluster = self.cluster
        cluster.put_events("1.json", event(1, level="paid"), event(2))
        cluster.put("logs/2.json", b"{\n" + lines(event(3), event(3)))
        cluster.put("logs/3.json.gz", gzip.compress(lines(event(4)), mtime=0))
        cluster.put("logs/4.json", b"")
        cluster.put_songs("A.json", song("SO1", title="Otra"), song("SO2"))

    def _tables(self) -> list[str]:
        """All tables of the load."""
        made = self.cluster.rows(
            "select distinct replace(tablename, 'kept_', '') from pg_tables"
            f" where schemaname in ('public', '{STAGING}')"
        )
        return [str(name) for (name,) in made]
