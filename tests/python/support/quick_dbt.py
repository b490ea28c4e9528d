"""dbt and AWS in this process, without work whose result no test looks at.

A command that a test starts as a process of its own does all of it.
"""

import gc
from collections.abc import Callable, Iterator
from functools import cache
from typing import Any

import pytest
from agate.data_types.date_time import parsedatetime
from botocore import session as botocore_session
from dbt.adapters.events.base_types import DebugLevel
from dbt.adapters.redshift.connections import sqlparse
from dbt.compilation import Linker
from dbt.config.runtime import RuntimeConfig
from dbt.context.macros import MacroNamespace
from dbt.task import runnable
from dbt_common import tests as dbt_tests
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_common.clients.jinja import MacroFuzzEnvironment
from dbt_common.dataclass_schema import dbtClassMixin
from dbt_common.events.base_types import BaseEvent, EventLevel
from dbt_common.events.event_manager import EventManager
from moto import backends
from redshift_connector.core import Connection

VALIDATE: Any = dbtClassMixin.validate.__func__  # type: ignore[attr-defined]
READ = {"JinjaLogDebug"}  # what the project's code looks at of dbt's debug log


@pytest.fixture(scope="session", autouse=True)
def quick_dbt() -> Iterator[None]:
    """All of this session's dbt commands take half of the processor's time."""
    # The collector walks the manifest again and again: a fifth of a command.
    gc.set_threshold(200_000, 50, 1000)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(dbtClassMixin, "validate", classmethod(_validate))
        patch.setattr(Connection, "__init__", _without_a_search_for_a_name())
        # dbt searches all modules for the caller of a behaviour flag, twelve times a
        # command: seconds each with the modules of a whole suite.
        patch.setattr(
            BehaviorFlagRendered, "_default_source", staticmethod(lambda: "tests")
        )
        # Each command that builds or tests writes the manifest, which is the same all
        # the time: dbt parses once. `dbt docs generate` still writes it.
        patch.setattr(runnable, "write_manifest", lambda *_: None)
        # It writes its graph and a summary of it, too, and looks for circles in it.
        patch.setattr(Linker, "write_graph", lambda *_: None)
        patch.setattr(Linker, "get_graph_summary", lambda *_: {})
        patch.setattr(Linker, "find_cycles", lambda *_: None)
        # Each command reads dbt's own packages for the variables that they may set.
        read_once = _once(
            RuntimeConfig.new_project, lambda self, root: (self.credentials.type, root)
        )
        patch.setattr(RuntimeConfig, "new_project", read_once)
        # For every node it looks each of hundreds of macros up in five places.
        patch.setattr(MacroNamespace, "__getitem__", _macro)
        # Half of a Redshift command is sqlparse, which looks for semicolons.
        patch.setattr(sqlparse, "split", _split(sqlparse.split))
        patch.setattr(EventManager, "fire_event", _without_details())
        # An adapter makes three such events of every statement.
        patch.setattr(DebugLevel, "__init__", lambda *_, **__: None)
        # agate makes three parsers of dates for the columns of every result.
        patch.setattr(parsedatetime, "Constants", cache(parsedatetime.Constants))
        # Jinja's compilation gives the same code for the same text.
        compiled_once = _once(
            MacroFuzzEnvironment.compile, lambda self, text: (type(self), text)
        )
        patch.setattr(MacroFuzzEnvironment, "compile", compiled_once)
        # Each client reads the descriptions of its service, and moto lists its own
        # folder for every request.
        loader = cache(botocore_session.create_loader)
        patch.setattr(botocore_session, "create_loader", loader)
        modules = tuple(backends.list_of_moto_modules())
        patch.setattr(backends, "list_of_moto_modules", lambda: modules)
        # dbt's own switch for its tests: it looks once for plugins among all modules.
        dbt_tests.enable_test_caching()
        yield
        dbt_tests.disable_test_caching()


def _validate(cls: Any, data: Any) -> None:
    """To describe its nodes as JSON schemas is half of dbt's parse."""
    if not cls.__module__.startswith(("dbt.contracts.graph.", "dbt.artifacts.")):
        VALIDATE(cls, data)


def _without_a_search_for_a_name() -> Any:
    """Redshift's driver reads the sources of the whole call stack to name a caller."""
    connect: Any = Connection.__init__

    def named(self: Any, **options: Any) -> None:
        connect(self, **options | {"application_name": "tests"})

    return named


def _once(compute: Any, key: Callable[[Any, str], object]) -> Any:
    """A method that computes once for each key of its object and argument."""
    known: dict[object, Any] = {}

    def once(self: Any, argument: str) -> Any:
        at = key(self, argument)
        if at not in known:
            known[at] = compute(self, argument)
        return known[at]

    return once


def _macro(self: Any, name: str) -> Any:
    """A macro, or all of a package's, from the first place that has the name."""
    if "found" not in vars(self):
        self.found = {}
        for place in reversed(list(self._search_order())):
            self.found.update(place)
    return self.found[name]


def _split(split: Callable[[str], list[str]]) -> Callable[[str], list[str]]:
    """Most texts are one statement: their only semicolon is the last letter."""
    known = cache(split)

    def statements(sql: str) -> list[str]:
        text = sql.strip()
        return known(text) if ";" in text[:-1] else [text]

    return statements


def _without_details() -> Any:
    """dbt's log without the hundreds of debug lines of a command."""
    fire: Any = EventManager.fire_event

    def fired(
        self: EventManager, e: BaseEvent, level: EventLevel | None = None, **how: Any
    ) -> None:
        if (level or e.level_tag()) != EventLevel.DEBUG or type(e).__name__ in READ:
            fire(self, e, level=level, **how)

    return fired
