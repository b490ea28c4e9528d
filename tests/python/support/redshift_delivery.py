"""Files for a loaded warehouse on the stand-in: what it was before them, and after."""

import gzip
from typing import ClassVar

import pytest
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

    # Before and after the delivery, and how many statements its load takes.
    known: ClassVar[tuple[Published, Published, int] | None] = None

    def __init__(self, cluster: RedshiftWarehouse) -> None:
        self.cluster = cluster
        if Delivery.known is None:
            Delivery.known = self._find_out()
        else:
            cluster.operation("create_staging_tables")
            self._put_new_files()
        self.before, self.after, self.statements = Delivery.known
        self.take_back()

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

    def _find_out(self) -> tuple[Published, Published, int]:
        cluster = self.cluster
        cluster.put_events("1.json", event(0), event(1))
        cluster.put_songs("A.json", song("SO1"))
        cluster.load()
        before = cluster.published()
        for table in TABLES:
            cluster.rows(
                f"create table public.kept_{table} as select * from {STAGING}.{table}"
            )
        self._put_new_files()
        cluster.faults.clear()
        self.load()
        after = cluster.published()
        assert len(after["staging_events"]) == 5
        assert len(after["rejected_rows"]) == 1
        return before, after, len(cluster.sent())

    def _put_new_files(self) -> None:
        cluster = self.cluster
        cluster.put_events("1.json", event(1, level="paid"), event(2))
        cluster.put("logs/2.json", b"{\n" + lines(event(3), event(3)))
        cluster.put("logs/3.json.gz", gzip.compress(lines(event(4)), mtime=0))
        cluster.put("logs/4.json", b"")
        cluster.put_songs("A.json", song("SO1", title="Otra"), song("SO2"))


@pytest.fixture
def delivery(cluster: RedshiftWarehouse) -> Delivery:
    """A loaded warehouse, and files to come."""
    return Delivery(cluster)
