"""One way to have a warehouse in a test: a DuckDB file of its own and a kept dbt."""

import fcntl
import os
import shutil
import subprocess
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from common.settings import PROJECT, Data
from dbt_project.runner import Dbt
from load import loading
from support.aws_server import AwsServer
from support.buckets import Bucket
from support.helpers import DataSet, Once, Warehouse, WarehouseOnce, options
from support.sample import Sample, make_sample

pytest_plugins = [
    "support.quick_dbt",
    "support.cluster_account",
    "standin.fixtures",
    "support.redshift_warehouse",
    "support.redshift_delivery",
]

REAL_DATA = PROJECT.parent / "shared" / "data"
DATA_SETS = ("sample", "real") if REAL_DATA.is_dir() else ("sample",)


@pytest.fixture(scope="session", autouse=True)
def environment(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All that a run writes goes to a folder of this session's own.

    Nothing of this machine's own AWS settings counts.
    """
    folder = tmp_path_factory.mktemp("session")
    for name in [name for name in os.environ if name.startswith("AWS_")]:
        del os.environ[name]
    os.environ |= {
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
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
def warehouse(environment: Path, dbt: Dbt) -> Iterator[Warehouse]:
    """An empty warehouse, always at one path: dbt then parses only once."""
    made = Warehouse(environment / "warehouse.duckdb", dbt)
    made.remove()
    yield made
    made.remove()


@pytest.fixture(scope="session")
def once(
    tmp_path_factory: pytest.TempPathFactory,
) -> Once:
    """Fill a folder that every worker of this run may read; only the first has to."""
    root = tmp_path_factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        root = root.parent

    def fill(name: str, make: Callable[[Path], None]) -> Path:
        folder, filled = root / name, root / f"{name}.filled"
        with (root / f"{name}.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            if not filled.exists():
                folder.mkdir()
                make(folder)
                filled.touch()
        return folder

    return fill


@pytest.fixture(scope="session")
def warehouse_once(once: Once, dbt: Dbt) -> WarehouseOnce:
    """Fill a warehouse that every worker may copy; only the first worker has to."""

    def made(name: str, fill: Callable[[Warehouse, Path], None]) -> Warehouse:
        def make(folder: Path) -> None:
            warehouse = Warehouse(folder / "warehouse.duckdb", dbt)
            fill(warehouse, folder)
            warehouse.release()

        return Warehouse(once(name, make) / "warehouse.duckdb", dbt)

    return made


@pytest.fixture(scope="session")
def sample(once: Once) -> Sample:
    """What sample_data.py makes when no options are given."""
    return Sample(once("sample", make_sample) / "sample")


@pytest.fixture(scope="session")
def sample_set(
    warehouse_once: WarehouseOnce,
    sample: Sample,
    tmp_path_factory: pytest.TempPathFactory,
) -> DataSet:
    """The sample data and a warehouse of it, to look at; to change it, copy it."""
    return built("sample", sample.data, warehouse_once, tmp_path_factory)


@pytest.fixture(scope="session")
def real_set(
    once: Once,
    warehouse_once: WarehouseOnce,
    tmp_path_factory: pytest.TempPathFactory,
) -> DataSet:
    """The real data and a warehouse of it, to look at; to change it, copy it."""
    if not REAL_DATA.is_dir():
        pytest.skip("the real data is not there: ../shared/data")

    def unpack(folder: Path) -> None:
        tar = str(shutil.which("tar"))  # tarfile takes five times as long
        for name in ("log_data", "song_data"):
            archive = REAL_DATA / f"{name}.tar.gz"
            subprocess.run([tar, "-xf", archive, "-C", folder], check=True)

    folder = once("real_data", unpack)
    data = Data(events=str(folder / "log_data"), songs=str(folder / "song_data"))
    return built("real", data, warehouse_once, tmp_path_factory)


@pytest.fixture(scope="session", params=DATA_SETS)
def data_set(request: pytest.FixtureRequest) -> DataSet:
    """The sample data, and the real data too where it is present."""
    found: DataSet = request.getfixturevalue(f"{request.param}_set")
    return found


def built(
    name: str,
    data: Data,
    warehouse_once: WarehouseOnce,
    folders: pytest.TempPathFactory,
) -> DataSet:
    """Data and its warehouse, of which each worker looks at a copy of its own."""

    def fill(warehouse: Warehouse, folder: Path) -> None:
        done = warehouse.cli("run", "--json", *options(data))
        assert done.exit_code == 0, done.stderr
        for stream in ("stdout", "stderr"):
            (folder / stream).write_text(getattr(done, stream), encoding="utf-8")

    shared = warehouse_once(f"{name}_warehouse", fill)
    printed = [
        shared.path.with_name(stream).read_text("utf-8")
        for stream in ("stdout", "stderr")
    ]
    own = shared.copy(folders.mktemp(f"{name}_warehouse"))
    return DataSet(data, own, *printed)


@pytest.fixture
def bucket(
    aws_server: AwsServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Bucket:
    """An empty bucket; credentials that may read it, and an empty cache."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", aws_server.url)
    monkeypatch.setenv("AWS_ACCESS_KEY_ID", "anybody")
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "anything")
    monkeypatch.setattr(loading, "CACHE", tmp_path / "cache")
    aws_server.reset()
    return Bucket("sparkify-objects", aws_server)
