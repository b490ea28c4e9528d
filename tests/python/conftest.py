"""One way to have a warehouse in a test: a fresh DuckDB file and a kept dbt."""

import os
import subprocess
import sys
import tarfile
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from dbt_project import Dbt
from helpers import Warehouse
from settings import PROJECT

pytest_plugins = ["cluster_account", "standin.fixtures"]

REAL_DATA = PROJECT.parent / "shared" / "data"


@pytest.fixture(scope="session", autouse=True)
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Everything that a run writes goes to a folder of this session's own."""
    folder = tmp_path_factory.mktemp("session")
    os.environ |= {
        "SPARKIFY_DUCKDB": str(folder / "warehouse.duckdb"),
        "DBT_TARGET_PATH": str(folder / "target"),
        "DBT_LOG_PATH": str(folder / "logs"),
        "DBT_PROFILES_DIR": str(folder),
    }
    example = (PROJECT / "profiles.yml.example").read_text(encoding="utf-8")
    (folder / "profiles.yml").write_text(example, encoding="utf-8")
    return folder


@pytest.fixture(scope="session")
def dbt(environment: Path) -> Dbt:
    """dbt in this process, parsed once."""
    return Dbt(None)


@pytest.fixture
def warehouse(environment: Path) -> Iterator[Warehouse]:
    """An empty warehouse."""
    made = Warehouse(environment / "warehouse.duckdb")
    yield made
    made.release()
    made.path.unlink(missing_ok=True)


@pytest.fixture(scope="session")
def real_data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder with the real log_data and song_data."""
    if not REAL_DATA.is_dir():
        pytest.skip("the real data is not there: ../shared/data")
    folder = tmp_path_factory.mktemp("real")
    for name in ("log_data", "song_data"):
        with tarfile.open(REAL_DATA / f"{name}.tar.gz") as archive:
            archive.extractall(folder, filter="data")
    return folder


@pytest.fixture
def command() -> Callable[..., subprocess.CompletedProcess[str]]:
    """scripts/warehouse.py as a process of its own."""

    def run(*arguments: str | Path, **options: Any) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, PROJECT / "scripts" / "warehouse.py", *arguments],
            capture_output=True,
            text=True,
            check=False,
            **options,
        )

    return run
