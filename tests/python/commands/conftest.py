"""What the tests of the commands load."""

from collections.abc import Callable
from pathlib import Path

import pytest
import warehouse as commands
from click.testing import CliRunner, Result
from support.helpers import Sources, Warehouse, WarehouseOnce, one_play


@pytest.fixture
def run(warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch) -> Callable[..., Result]:
    """A command in this process on a DuckDB file, with the dbt that is parsed."""

    def invoke(*words: str | Path, at: Path = warehouse.path) -> Result:
        warehouse.release()
        subject = Warehouse(at, warehouse._dbt)
        monkeypatch.setattr(commands, "Dbt", lambda target: subject._opened())
        done = CliRunner().invoke(commands.cli, [str(word) for word in words])
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done

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
