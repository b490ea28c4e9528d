"""The ways to make the tables that are compared, and the check that they agree.

Each contestant is a process that reads the same files and leaves its tables in a DuckDB
file or in a folder of Parquet files.
"""

import shutil
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path

import click
import duckdb

from benchmark.processes import Cost, cost_of

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
# In an environment of its own: the warehouse does not need Polars.
PACKAGES = ("polars==2.1.0", f"duckdb=={duckdb.__version__}")
MARTS = ("songplays", "users", "songs", "artists", "time")
# Facts that must agree. Matches may differ: the floor repairs no text.
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
class Workspace:
    """The files of one size, a folder to work in, and the cores to use; 0 for all."""

    data: Path
    folder: Path
    cores: int = 0

    @property
    def logs(self) -> Path:
        return self.data / "log_data"

    @property
    def songs(self) -> Path:
        return self.data / "song_data"

    @property
    def database(self) -> Path:
        """The DuckDB file of the contestants that leave one."""
        return self.folder / "warehouse.duckdb"

    def cleared(self) -> "Workspace":
        """The same, with nothing in its folder but a profile."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        shutil.copy(PROJECT / "profiles.yml.example", self.folder / "profiles.yml")
        return self

    def script(self, name: str, out: Path, python: str | Path = sys.executable) -> Cost:
        """One of the scripts of this folder, from nothing."""
        words = (python, HERE / f"{name}.py", self.logs, self.songs, out)
        return cost_of(words, cores=self.cores)

    def parse(self) -> None:
        """What dbt has to do once for a project, however many runs follow."""
        dbt = Path(sys.executable).with_name("dbt")
        self._ours(dbt, "parse", "--project-dir", PROJECT)

    def warehouse(self, command: str) -> Cost:
        """A command of warehouse.py."""
        files = ("--events", self.logs, "--songs", self.songs)
        script = PROJECT / "scripts" / "warehouse.py"
        return self._ours(sys.executable, script, command, *files)

    def _ours(self, *words: str | Path) -> Cost:
        environment = {
            "SPARKIFY_DUCKDB": str(self.database),
            "DBT_PROFILES_DIR": str(self.folder),
            "DBT_TARGET_PATH": str(self.folder / "target"),
            "DBT_LOG_PATH": str(self.folder / "logs"),
        }
        return cost_of(words, environment, self.cores)


def facts(marts: Path) -> tuple[object, ...]:
    """The facts of a DuckDB file, or of a folder of Parquet files."""
    tables = {name: name for name in MARTS}
    if marts.is_dir():
        tables = {name: f"read_parquet('{marts}/{name}.parquet')" for name in MARTS}
    file = ":memory:" if marts.is_dir() else str(marts)
    with duckdb.connect(file, read_only=not marts.is_dir()) as connection:
        return connection.execute(FACTS.format_map(tables)).fetchone() or ()


def polars_python(folder: Path) -> Path:
    """The Python of an environment with Polars, made in `folder`.

    Raises click.ClickException when it cannot be installed.
    """
    python = folder / "bin" / "python"
    for words in (
        (sys.executable, "-m", "venv", folder),
        (python, "-m", "pip", "install", "--quiet", *PACKAGES),
    ):
        done = subprocess.run(words, capture_output=True, text=True, check=False)
        if done.returncode:
            *_, last = done.stderr.strip().splitlines() or ["no message"]
            raise click.ClickException(f"Polars cannot be installed: {last}")
    return python
