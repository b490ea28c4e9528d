"""What the tests of the commands load."""

from collections.abc import Callable
from pathlib import Path

import pytest
from click.testing import Result
from support.helpers import Sources, Warehouse, WarehouseOnce, one_play


@pytest.fixture
def run(warehouse: Warehouse) -> Callable[..., Result]:
    """A command in this process on a DuckDB file."""

    def invoke(*words: str | Path, at: Path = warehouse.path) -> Result:
        return Warehouse(at, warehouse._dbt).cli(*words)

    return invoke


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """One play and the song that was played."""
    return one_play(tmp_path)


@pytest.fixture(scope="module")
def small(warehouse_once: WarehouseOnce) -> Warehouse:
    """One play and its song, built and tested."""

    def fill(warehouse: Warehouse, folder: Path) -> None:
        warehouse.load(one_play(folder).data)
        warehouse.build()

    return warehouse_once("small", fill)


@pytest.fixture
def tested(small: Warehouse, warehouse: Warehouse) -> Warehouse:
    """The same, to be changed at will."""
    small.copy(warehouse.path.parent)
    assert warehouse.is_tested()
    return warehouse


@pytest.fixture
def loaded(small: Warehouse) -> tuple[str, ...]:
    """The options that name what it has loaded."""
    folder = small.path.parent
    return ("--events", str(folder / "logs"), "--songs", str(folder / "songs"))
