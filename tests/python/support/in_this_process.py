"""What the warehouses of both engines have: the project's own code in this process."""

import json
from collections.abc import Callable
from multiprocessing import get_context
from multiprocessing.context import ForkProcess
from pathlib import Path
from typing import Any

import pytest
import warehouse as commands
from click.testing import CliRunner, Result
from command_line.report import add_fingerprints, summary
from common.errors import WarehouseError
from common.settings import Data
from dbt_project.runner import Dbt
from load.loading import Loaded, load


def lines(*objects: dict[str, Any]) -> bytes:
    """JSON objects, one a line."""
    return "\n".join(json.dumps(entry) for entry in objects).encode()


class InThisProcess:
    """The project's own code and dbt, run in this process on some warehouse."""

    def __init__(self, dbt: Dbt) -> None:
        self._dbt = dbt

    def _opened(self) -> Dbt:
        """dbt, with what it needs to find the warehouse."""
        return self._dbt

    # Each engine's own: all that a load can change.
    published: Callable[[], Any]

    @property
    def data(self) -> Data:
        """The settings that name what `load` loads if it is given no others."""
        raise NotImplementedError

    def put(self, key: str, content: bytes) -> object:
        """A file as it is, below logs/ or songs/."""
        raise NotImplementedError

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query."""
        raise NotImplementedError

    def load(
        self, data: Data | None = None, max_errors: int = 0, reload: bool = False
    ) -> Loaded:
        """The load."""
        return load(self._opened(), data or self.data, max_errors, reload)

    def cli(self, *words: str | Path) -> Result:
        """scripts/warehouse.py, with the dbt that is parsed."""
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(commands, "Dbt", lambda target: self._opened())
            done = CliRunner().invoke(commands.cli, [str(word) for word in words])
        assert done.exception is None or isinstance(done.exception, SystemExit)
        return done

    def start(self, act: Callable[[], object]) -> ForkProcess:
        """Do something in a fork of this process, in which dbt is parsed."""
        process = get_context("fork").Process(target=act)
        process.start()
        return process

    def value(self, sql: str) -> Any:
        """The one value of a query."""
        return self.rows(sql)[0][0]

    def put_events(self, name: str, *events: dict[str, Any]) -> None:
        """A log file, likewise."""
        self.put(f"logs/{name}", lines(*events))

    def put_songs(self, name: str, *songs: dict[str, Any]) -> None:
        """A song file, likewise."""
        self.put(f"songs/{name}", lines(*songs))

    def build(self, full_refresh: bool = False) -> None:
        """What `run` does after a load that brought something."""
        dbt = self._opened()
        dbt.build(full_refresh, dbt.counts())

    def refused(
        self, *words: Any, kind: type[WarehouseError] | None = None, **options: int
    ) -> str:
        """The one line with which a load ends that publishes nothing."""
        before = self.published()
        with pytest.raises(WarehouseError) as error:
            self.load(*words, **options)
        assert kind in (None, type(error.value))
        message = str(error.value)
        assert "\n" not in message
        assert self.published() == before
        return message

    def operation(self, macro: str, **arguments: Any) -> None:
        """A macro."""
        self._opened().operation(macro, **arguments)

    def status(self) -> dict[str, Any]:
        """What `status --json` prints."""
        dbt = self._opened()
        result = summary(dbt.counts())
        add_fingerprints(result, dbt)
        return result

    def dbt(self, *command: str) -> Any:
        """What a dbt command returned, whether it succeeded or not."""
        return self._opened()._invoke(*command, check=False)

    def done(self, *command: str) -> Any:
        """The result of a dbt command that must succeed."""
        answer = self.dbt(*command)
        assert answer.success, answer.exception or [
            f"{result.node.name}: {result.message}"
            for result in answer.result
            if result.status not in ("success", "pass")
        ]
        return answer.result
