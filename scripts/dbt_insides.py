"""Overrides of dbt's insides: what each saves, and the release it was written for.

With another release an override is left out, and dbt goes its own, slower way.
"""

import sys
from collections.abc import Callable
from importlib.metadata import version
from typing import Any, NamedTuple


class Override(NamedTuple):
    """A package, the releases whose source was read, and what to replace in it."""

    package: str
    releases: tuple[str, ...]
    apply: Callable[[], None]


def override(engine: str) -> None:
    """Apply the overrides that fit what is installed; "" for those before a parse."""
    for one in OVERRIDES[engine]:
        if is_known(one):
            one.apply()


def is_known(one: Override) -> bool:
    """Whether an override was written for the installed release."""
    major, minor, *_ = version(one.package).split(".")
    return f"{major}.{minor}" in one.releases


def _name_flags_without_a_search() -> None:
    """Saves 70 ms of every command: 8 % of a run with nothing new.

    dbt reads the sources of the whole call stack to find the module that defines a
    behavior flag. Only a warning would show it.
    """
    from dbt_common.behavior_flags import BehaviorFlagRendered

    flag: Any = BehaviorFlagRendered
    flag._default_source = staticmethod(lambda: "dbt")


def _keep_connections() -> None:
    """Saves a connection for each model and test: 6 round trips each, TLS among them.

    dbt itself can reuse connections, and dbt-snowflake does so with this very method.
    What a step left open is rolled back; after an error dbt connects again.
    """
    from dbt.adapters.redshift.connections import RedshiftConnectionManager

    def release(manager: Any) -> None:
        connection = manager.get_if_exists()
        if connection is None or connection.state != "open":
            return
        if sys.exc_info()[0] is None:
            manager.rollback_if_open()
        else:
            manager.close(connection)

    managers: Any = RedshiftConnectionManager
    managers.release = release


# By engine; "" for all engines, before dbt parses.
OVERRIDES: dict[str, tuple[Override, ...]] = {
    "": (Override("dbt-common", ("1.39",), _name_flags_without_a_search),),
    "duckdb": (),
    "redshift": (Override("dbt-redshift", ("1.11",), _keep_connections),),
}
