"""Files for a loaded warehouse on the stand-in: what it was before them, and after."""

import gzip
from typing import ClassVar

from common.errors import WarehouseError
from load.loading import Loaded

from support.helpers import event, lines, song
from support.redshift_warehouse import STAGING, TABLES, RedshiftWarehouse

Published = dict[str, list[tuple[str | None, ...]]]


class Delivery:
    """A loaded warehouse, and files to come: new, changed, zipped, with a bad line.

    The tables of `before` are kept in the schema `public`, which no test drops, under
    names of their own.
    """

    first: ClassVar["Delivery | None"] = None
    before: Published
    after: Published
    statements: int

    def __init__(self, cluster: RedshiftWarehouse) -> None:
        self.cluster = cluster
        first = Delivery.first
        if first is None:
            self._find_out()
            Delivery.first = self
            return
        self._put_new_files()
        cluster.server.query(f"create schema {STAGING}")
        for table in self._tables():
            cluster.server.query(
                f"create table {STAGING}.{table} (like public.kept_{table});"
                f" insert into {STAGING}.{table} select * from public.kept_{table}"
            )
        self.before, self.after = first.before, first.after
        self.statements = first.statements

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

    def _find_out(self) -> None:
        cluster = self.cluster
        cluster.put_events("1.json", event(0), event(1))
        cluster.put_songs("A.json", song("SO1"))
        cluster.load()
        self.before = cluster.published()
        for table in self._tables():
            cluster.server.query(
                f"create table public.kept_{table} (like {STAGING}.{table});"
                f" insert into public.kept_{table} select * from {STAGING}.{table}"
            )
        self._put_new_files()
        cluster.faults.clear()
        self.load()
        self.statements = len(cluster.sent())
        self.after = cluster.published()
        assert len(self.after["staging_events"]) == 5
        assert len(self.after["rejected_rows"]) == 1
        self.take_back()

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
