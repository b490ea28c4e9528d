"""What tests are made of: small source files, and a warehouse to look into."""

import gc
import os
import shutil
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from functools import cached_property
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import duckdb
import yaml
from check import check_run
from click.testing import Result
from common.settings import PROJECT, Data
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.adapters.factory import cleanup_connections
from dbt_project.runner import Dbt

from support import by_hand
from support.in_this_process import InThisProcess, lines

# What `run` says when it has nothing to build.
NOTHING = "nothing changed since all tests passed: nothing to build"
# What a load says where every key came once.
NONE_REPLACED = {"replaced": 0, "replaced_keys": []}
# Fill a folder under a name; only the first worker of a run has to.
Once = Callable[[str, Callable[[Path], None]], Path]

TS = check_run.TS


def contracts() -> dict[str, dict[str, str]]:
    """The type of every column of every mart, in the order of the contract."""
    path = PROJECT / "models" / "marts" / "_marts.yml"
    return {
        model["name"]: {
            column["name"]: column["data_type"] for column in model["columns"]
        }
        for model in yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    }


CONTRACTS = contracts()
MARTS = tuple(sorted(CONTRACTS))


def event(item: int, **changes: Any) -> dict[str, Any]:
    """An event as the app logs it, the `item`-th of session 1, with changes."""
    simple = {"artist": "Café Tacuba", "song": "Eres", "ts": TS + item * 1000}
    return check_run.event(1, item, **simple | changes)


def song(song_id: str, **changes: Any) -> dict[str, Any]:
    """A song as the catalogue has it, with changes."""
    simple = {
        "artist_latitude": None,
        "artist_location": "",
        "artist_longitude": None,
        "title": "Eres",
        "year": 2003,
    }
    return check_run.song(song_id, **simple | changes)


class Sources:
    """A folder with logs/ and songs/ to be loaded."""

    def __init__(self, folder: Path) -> None:
        self.events = folder / "logs"
        self.songs = folder / "songs"
        self.events.mkdir()
        self.songs.mkdir()

    @property
    def data(self) -> Data:
        """The settings that name this folder."""
        return Data(events=str(self.events), songs=str(self.songs))

    @property
    def options(self) -> tuple[str, ...]:
        """The command line's options that name this folder."""
        return options(self.data)

    def write_events(self, name: str, *events: dict[str, Any]) -> Path:
        """A log file, one object a line, no final newline."""
        return self.write(self.events / name, lines(*events))

    def write_songs(self, name: str, *songs: dict[str, Any]) -> Path:
        """A song file."""
        return self.write(self.songs / name, lines(*songs))

    def write(self, path: Path, content: bytes) -> Path:
        """A file as it is."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


def one_play(folder: Path) -> Sources:
    """One play and the song that was played."""
    made = Sources(folder)
    made.write_events("1.json", event(0))
    made.write_songs("A.json", song("SO1"))
    return made


def options(data: Data) -> tuple[str, ...]:
    """The command line's options that name these places."""
    return ("--events", data.events, "--songs", data.songs)


class Warehouse(InThisProcess):
    """A DuckDB file, the project's own code and dbt to fill it, and a look into it.

    dbt in this process is parsed once: what it kept serves every file of this name.
    """

    def __init__(self, path: Path, dbt: Dbt) -> None:
        super().__init__(dbt)
        self.path = path
        self.files = path.parent / "files"

    @property
    def data(self) -> Data:
        """The settings that name the warehouse's own files."""
        return Data(str(self.files / "logs"), str(self.files / "songs"))

    def put(self, key: str, content: bytes) -> None:
        """A file as it is, in a folder that goes with the warehouse."""
        path = self.files / key
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)

    def is_tested(self) -> bool:
        """Whether `run` would build nothing if it loaded nothing."""
        dbt = self._opened()
        return dbt.is_tested(dbt.counts())

    def fingerprints(self) -> dict[str, str]:
        """Every mart's fingerprint."""
        marts = self.status()["marts"]
        return {name: mart["fingerprint"] for name, mart in marts.items()}

    def cli(self, *words: str | Path) -> Result:
        """scripts/warehouse.py in this process."""
        self.release()
        return super().cli(*words)

    def start(self, act: Callable[[], object]) -> ForkProcess:
        """Do something in a fork of this process, in which dbt is parsed."""
        self.release()
        return super().start(act)

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query, staging tables by their bare names."""
        return self.answers(sql)[0]

    def answers(self, *queries: str) -> list[list[tuple[Any, ...]]]:
        """The rows of several queries: to open the file costs more than to ask."""
        self.release()
        with duckdb.connect(str(self.path), read_only=True) as connection:
            connection.execute("set search_path = 'main,main_staging'")
            return [connection.execute(sql).fetchall() for sql in queries]

    def published(self) -> list[tuple[Any, ...]]:
        """All that a load can change, without the time of the load."""
        tables = ("staging_events", "staging_songs", "rejected_rows", "superseded_rows")
        tables += ("file_times", "(select * exclude (loaded_at) from loaded_files)")
        queries = [f"select * from {table} order by all" for table in tables]
        try:
            return [row for rows in self.answers(*queries) for row in rows]
        except duckdb.Error:
            return []  # no load has been

    def change(self, sql: str) -> None:
        """Do to the warehouse what none of its own code does."""
        self.release()
        with duckdb.connect(str(self.path)) as connection:
            connection.execute("set search_path = 'main,main_staging'")
            connection.execute(sql)

    @contextmanager
    def damaged(self, sql: str) -> Iterator[None]:
        """The warehouse after a change, and then as it was before."""
        with tempfile.TemporaryDirectory() as folder:
            kept = self.copy(Path(folder))
            self.change(sql)
            try:
                yield
            finally:
                self.remove()
                kept.copy(self.path.parent)

    def copy(self, folder: Path) -> "Warehouse":
        """Another warehouse with the same content, to be changed at will."""
        self.release()
        folder.mkdir(parents=True, exist_ok=True)
        for file in self.path.parent.glob(f"{self.path.name}*"):
            shutil.copy(file, folder)  # the last changes may still be in its .wal
        return Warehouse(folder / self.path.name, self._dbt)

    def release(self) -> None:
        """Make dbt, which keeps the file open as long as it lives, let go of it."""
        cleanup_connections()  # MetricFlow leaves its own open
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]
        # A cursor that an error's frames still hold keeps the file open, from Python
        # 3.12 on; DuckDB then refuses to open it with other settings.
        if self._is_open():
            gc.collect()

    def _is_open(self) -> bool:
        """Whether this process has the file open."""
        links = Path("/proc/self/fd")
        if not links.is_dir():
            return True  # not Linux: it may be
        path = self.path.resolve()
        for link in links.iterdir():
            with suppress(OSError):
                if link.readlink() == path:
                    return True
        return False

    def remove(self) -> None:
        """Begin with no file."""
        self.release()
        for file in self.path.parent.glob(f"{self.path.name}*"):
            file.unlink()
        shutil.rmtree(self.files, ignore_errors=True)

    def _opened(self) -> Dbt:
        if os.environ["SPARKIFY_DUCKDB"] != str(self.path):
            self.release()
            os.environ["SPARKIFY_DUCKDB"] = str(self.path)
            self._dbt._invoke("parse")  # makes dbt read the profile again
        return self._dbt


# Fill a warehouse under a name, beside which its files may lie, once in a run.
WarehouseOnce = Callable[[str, Callable[[Warehouse, Path], None]], Warehouse]


class DataSet:
    """Log and song files, a warehouse of them, and what plain Python reads in them."""

    def __init__(
        self, data: Data, warehouse: Warehouse, stdout: str, stderr: str
    ) -> None:
        self.data = data
        self.warehouse = warehouse
        self.stdout, self.stderr = stdout, stderr  # of the run that filled it
        self.logs = sorted(Path(data.events).rglob("*.json"))
        self.songs = sorted(Path(data.songs).rglob("*.json"))

    @cached_property
    def events(self) -> list[by_hand.Raw]:
        """Every event of the files."""
        return by_hand.read(Path(self.data.events))

    @cached_property
    def catalogue(self) -> list[by_hand.Raw]:
        """Every song of the files."""
        return by_hand.read(Path(self.data.songs))

    @cached_property
    def plays(self) -> list[by_hand.Play]:
        """Every play, matched to its song."""
        return by_hand.songplays(self.events, self.catalogue)

    @cached_property
    def rows(self) -> dict[str, list[Any]]:
        """The rows of every mart."""
        return by_hand.marts(self.events, self.catalogue, self.plays)

    @cached_property
    def earlier(self) -> dict[str, int]:
        """The counts of the earlier system."""
        return by_hand.earlier_system(self.events, self.catalogue)

    @cached_property
    def summary(self) -> dict[str, Any]:
        """What `status --json` must print after the first load of these files."""
        files = len(self.logs) + len(self.songs)
        rows = len(self.events) + len(self.catalogue)
        return {
            "load": {"files": files, "rows": rows, "rejected": 0},
            "staging": {
                "staging_events": len(self.events),
                "staging_songs": len(self.catalogue),
            },
            "marts": {
                mart: {"rows": len(rows), "fingerprint": by_hand.fingerprint(rows)}
                for mart, rows in self.rows.items()
            },
            "match": by_hand.matches(self.plays),
        }

    @property
    def ran(self) -> dict[str, Any]:
        """What `run --json` must print of the first load of these files."""
        return self.summary | {"load": self.summary["load"] | NONE_REPLACED}

    def answers(self, *names: str) -> dict[str, list[tuple[Any, ...]]]:
        """The rows of some of the warehouse's analyses, or of all."""
        paths = [f"path:analyses/{name}.sql" for name in names] or ["path:analyses"]
        results = self.warehouse.done("show", "--limit", "-1", "-s", *paths)
        return {
            result.node.name: [tuple(row) for row in result.agate_table.rows]
            for result in results
        }
