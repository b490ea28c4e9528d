"""The one override of dbt's insides: what it saves, the release it was written for.

With another release it is left out, and dbt goes its own, slower way.
"""

import sys
from importlib.metadata import version
from typing import Any

# The releases of dbt-redshift whose source was read.
RELEASES = ("1.11",)


def is_known() -> bool:
    """Whether the override was written for the installed dbt-redshift."""
    return ".".join(version("dbt-redshift").split(".")[:2]) in RELEASES


def keep_connections() -> None:
    """Let each of dbt's threads keep its connection to Redshift until a command ends.

    dbt-redshift connects again for every model and test: credentials, TLS, four round
    trips, 48 times in a build instead of 4. dbt itself can reuse connections, and
    dbt-snowflake does so with this very method. What a step left open is rolled back;
    after an error dbt connects again.
    """
    if not is_known():
        return
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
