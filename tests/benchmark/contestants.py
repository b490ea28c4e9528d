"""The ways to make the tables that are compared, and the check that they agree.

Each contestant is a process that reads the same files and leaves a DuckDB file.
"""

import shutil
import sys
from dataclasses import dataclass
from pathlib import Path

import duckdb

from benchmark.processes import Cost, cost_of

HERE = Path(__file__).parent
PROJECT = HERE.parents[1]
# Facts that must agree. Matches may differ: the floor repairs no text.
FACTS = """
    select
        (select count(*) from songplays),
        (select round(sum(cast(duration as double))) from songplays),
        (select count(*) from users),
        (select count(*) from songs),
        (select count(*) from artists),
        (select count(*) from time)
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
        """The DuckDB file that each leaves."""
        return self.folder / "warehouse.duckdb"

    def cleared(self) -> "Workspace":
        """The same, with nothing in its folder but a profile."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir()
        shutil.copy(PROJECT / "profiles.yml.example", self.folder / "profiles.yml")
        return self

    def script(self, name: str) -> Cost:
        """One of the scripts of this folder, from nothing."""
        words = (sys.executable, HERE / f"{name}.py", self.logs, self.songs)
        return cost_of((*words, self.database), cores=self.cores)

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


def facts(database: Path) -> tuple[object, ...]:
    """The facts of a DuckDB file."""
    with duckdb.connect(str(database), read_only=True) as connection:
        return connection.execute(FACTS).fetchone() or ()
