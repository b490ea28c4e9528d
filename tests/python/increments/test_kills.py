"""Killed, or cut short of disk: the next run completes the job."""

import os
import random
import resource
import shutil
import signal
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from common.errors import WarehouseError
from dbt_project.runner import Dbt
from load import reading
from support.helpers import TS, Sources, Warehouse, event, song
from support.statements import watch_statements

DAY = 86_400_000
# A look at all that a run can change, but for the clock.
RELATIONS = """
    select table_schema, table_name from information_schema.tables order by all
"""


class Day:
    """A built warehouse, a day to come, and what a clean run makes of the two."""

    def __init__(self, warehouse: Warehouse, folder: Path) -> None:
        self.warehouse = warehouse
        self.sources = Sources(folder)
        self.sources.write_events("1.json", event(0), event(1), event(2, userId="8"))
        self.sources.write_songs("A.json", song("SO1", title="Otra"))
        self.run()
        self._kept = warehouse.copy(folder / "kept")
        self.before = warehouse.published()
        # A new day, a changed event of the old one, a song that an old play waits for.
        self.sources.write_events(
            "1.json", event(0, level="paid"), event(1), event(2, userId="")
        )
        self.sources.write_events("2.json", event(9, ts=TS + DAY))
        self.sources.write_songs("B.json", song("SO2"))
        self.statements: dict[int, str] = {}
        with pytest.MonkeyPatch.context() as patch:
            watch_statements(
                patch, lambda number, when, sql: self.statements.update({number: sql})
            )
            self.run()
        self.clean = self.state()

    def run(self) -> None:
        """All that `warehouse.py run` writes, without its tests."""
        self.warehouse.load(self.sources.data)
        self.warehouse.done("run")

    def again(self) -> None:
        """The warehouse as it was before the day."""
        self.warehouse.remove()
        shutil.copy(self._kept.path, self.warehouse.path)

    def state(self) -> dict[str, Any]:
        """What there is: fingerprints, what was loaded, and the names of it all."""
        return {
            "marts": self.warehouse.fingerprints(),
            "loaded": self.warehouse.published(),
            "relations": self.warehouse.rows(RELATIONS),
        }

    def whole_or_nothing(self) -> bool:
        """Whether the load has been; anything between the two fails."""
        loaded = self.warehouse.published()
        assert loaded in (self.before, self.clean["loaded"])
        return loaded != self.before

    def recover(self) -> None:
        """One more run, after which everything is as if nothing had been."""
        self.run()
        assert self.state() == self.clean

    def kill(self, nth: int, when: str) -> None:
        """A run that dies before or after its nth statement, counted from 1."""

        def die(number: int, now: str, sql: str) -> None:
            if (number, now) == (nth, when):
                os.kill(os.getpid(), signal.SIGKILL)

        def run() -> None:
            with pytest.MonkeyPatch.context() as patch:
                watch_statements(patch, die)
                self.run()

        process = self.warehouse.start(run)
        process.join()
        assert process.exitcode == -signal.SIGKILL, nth


@pytest.fixture(scope="module")
def made_day(
    environment: Path, dbt: Dbt, tmp_path_factory: pytest.TempPathFactory
) -> Day:
    warehouse = Warehouse(environment / "warehouse.duckdb", dbt)
    warehouse.remove()
    return Day(warehouse, tmp_path_factory.mktemp("day"))


@pytest.fixture
def day(made_day: Day) -> Iterator[Day]:
    """The day, about to be run."""
    made_day.again()
    yield made_day
    made_day.warehouse.remove()


def commits(day: Day) -> list[int]:
    """The statements that end a transaction, by their numbers."""
    return [
        number
        for number, sql in sorted(day.statements.items())
        if sql.lower().rstrip("; \n").endswith("commit")
    ]


def commit_after(day: Day, *words: str) -> int:
    """The first commit from the statement on that has all these words."""
    begun = next(
        number
        for number, sql in sorted(day.statements.items())
        if all(word in sql for word in words)
    )
    return next(number for number in commits(day) if number >= begun)


def test_runs_killed_before_a_commit_are_finished_by_the_next(day: Day) -> None:
    day.kill(commit_after(day, "insert into", "superseded_rows"), "before")
    assert not day.whole_or_nothing()
    day.kill(commit_after(day, "model.sparkify.songplays", "delete from"), "before")
    assert day.whole_or_nothing()
    day.recover()


@pytest.mark.long
@pytest.mark.parametrize("where", ["around commits", "at statements"])
def test_a_run_killed_anywhere_is_finished_by_the_next(day: Day, where: str) -> None:
    points = [(nth, when) for nth in commits(day) for when in ("before", "after")]
    if where == "at statements":
        points = [(nth, "before") for nth in range(1, len(day.statements), 4)]
    print(f"{len(points)} kills in {len(day.statements)} statements")
    assert len(points) > 20
    for nth, when in points:
        day.again()
        day.kill(nth, when)
        day.whole_or_nothing()
        day.recover()


def test_a_load_that_fails_at_its_end_or_by_a_full_disk_leaves_the_old_state(
    day: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    day.warehouse.change("alter table loaded_files add column surprise integer")
    assert "loaded_files" in day.warehouse.refused(day.sources.data)
    day.warehouse.change("alter table loaded_files drop column surprise")
    # A limit to the size of files stands for the disk: DuckDB's write fails alike.
    chance = random.Random(2018)
    agents = [chance.randbytes(400).hex() for _ in range(10_000)]
    large = day.sources.write_events(
        "3.json", *(event(9 + at, userAgent=name) for at, name in enumerate(agents))
    )
    limit = day.warehouse.path.stat().st_size + 200_000  # not enough for these agents
    said = tmp_path / "said"
    monkeypatch.setattr(reading, "IN_PLACE_BYTES", 0)  # or the load's copy is too large
    monkeypatch.setattr(reading, "SETTLED_SECONDS", -1)

    def run() -> None:
        out = said.open("w", encoding="utf-8")
        resource.setrlimit(resource.RLIMIT_FSIZE, (limit, limit))
        try:
            day.run()
        except WarehouseError as error:
            out.write(str(error))
            out.close()

    process = day.warehouse.start(run)
    process.join()
    assert process.exitcode == 0
    (line,) = said.read_text("utf-8").splitlines()
    assert "File too large" in line
    assert str(day.warehouse.path) in line
    large.unlink()
    assert not day.whole_or_nothing()
    day.recover()
