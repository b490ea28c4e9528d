"""The ways to make the tables that are compared, and the check that they agree.

Each contestant is one or more processes that read the same files and leave their
tables in a DuckDB file or in a folder of Parquet files. The floor comes first: a script
by hand without any check, which the others are measured against.
"""

import subprocess
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import duckdb
from errors import WarehouseError
from settings import PROJECT

from benchmark.processes import Cost, cost_of, total

FOLDER = Path(__file__).parent / "peers"
SCRIPTS = PROJECT / "scripts"
# In an environment of their own: the warehouse needs none of them.
PACKAGES = ("polars==2.1.0", "pandas==2.3.3", "pyarrow==26.0.1", "sqlmesh==0.236.4")
DUCKDB = f"duckdb=={duckdb.__version__}"
MARTS = ("songplays", "users", "songs", "artists", "time")
FLOOR = "floor"
PEERS = ("polars", "pandas", "sqlmesh")  # with packages of their own
NAMES = (FLOOR, "run", "dbt", *PEERS)
# Facts that must agree. Matches are none: the floor repairs no text.
FACTS = """
    select
        (select count(*) from {songplays}),
        (select round(sum(cast(duration as double))) from {songplays}),
        (select count(*) from {users}),
        (select count(*) from {songs}),
        (select count(*) from {artists}),
        (select count(*) from {time})
"""


@dataclass(frozen=True)
class Course:
    """The files of one size, and a folder to work in."""

    logs: Path
    songs: Path
    folder: Path

    @property
    def database(self) -> Path:
        """The DuckDB file of the contestants that leave one."""
        return self.folder / "warehouse.duckdb"

    @property
    def environment(self) -> Mapping[str, str]:
        """Where the project's own commands find and leave things."""
        return {
            "SPARKIFY_DUCKDB": str(self.database),
            "DBT_PROFILES_DIR": str(self.folder),
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
        }

    def dbt(self, command: str) -> Cost:
        """A command of plain dbt on this course."""
        dbt = Path(sys.executable).with_name("dbt")
        return cost_of((dbt, command, "--project-dir", PROJECT), self.environment)

    def warehouse(self, command: str, *more: str) -> Cost:
        """A command of warehouse.py on this course."""
        places = ("--events", str(self.logs), "--songs", str(self.songs))
        words = (sys.executable, SCRIPTS / "warehouse.py", command, *places, *more)
        return cost_of(words, self.environment)


def run_one(name: str, course: Course, peers: Path) -> tuple[Cost, tuple[object, ...]]:
    """One contestant from nothing: what it cost, and the facts that it found."""
    places = (course.logs, course.songs)
    schema = ""
    match name:
        case "run":
            cost = course.warehouse("run")
        case "dbt":
            cost = total([course.warehouse("load"), course.dbt("build")])
        case "polars" | "pandas":
            out = course.folder / name
            cost = cost_of((peers, FOLDER / f"{name}_tables.py", *places, out), {})
            return cost, facts_of_folder(out)
        case _:
            script = "floor.py" if name == FLOOR else f"{name}_tables.py"
            python = sys.executable if name == FLOOR else peers
            cost = cost_of((python, FOLDER / script, *places, course.database), {})
            schema = "" if name == FLOOR else "star."
    return cost, facts_of_database(course.database, schema)


def read_json(course: Course) -> Cost:
    """DuckDB's own reader into typed tables, which no load can be cheaper than."""
    script = FOLDER / "read_json.py"
    places = (course.logs, course.songs, course.database)
    return cost_of((sys.executable, script, *places), {})


def facts_of_database(database: Path, schema: str) -> tuple[object, ...]:
    """The facts of a DuckDB file."""
    names = {name: f"{schema}{name}" for name in MARTS}
    with duckdb.connect(str(database), read_only=True) as connection:
        return _row(connection, names)


def facts_of_folder(folder: Path) -> tuple[object, ...]:
    """The facts of a folder of Parquet files."""
    names = {name: f"read_parquet('{folder}/{name}.parquet')" for name in MARTS}
    with duckdb.connect() as connection:
        return _row(connection, names)


def _row(
    connection: duckdb.DuckDBPyConnection, names: dict[str, str]
) -> tuple[object, ...]:
    row = connection.execute(FACTS.format_map(names)).fetchone()
    return row or ()


def peers_python(folder: Path) -> Path:
    """The Python of an environment with the peers' packages, made in `folder`.

    Raises WarehouseError when they cannot be installed.
    """
    python = folder / "bin" / "python"
    for words in (
        (sys.executable, "-m", "venv", folder),
        (python, "-m", "pip", "install", "--quiet", *PACKAGES, DUCKDB),
    ):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            *_, last = done.stderr.strip().splitlines() or ["no message"]
            raise WarehouseError(f"the peers cannot be installed: {last}")
    return python
