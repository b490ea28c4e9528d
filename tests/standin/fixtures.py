"""pytest's handle on the stand-in: `pytest_plugins = ["standin.fixtures"]`."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from standin.stack import StandIn

Run = Callable[[str], list[Any]]


@pytest.fixture(scope="session")
def redshift_database() -> str:
    """The database's name; a project that has another overrides this fixture."""
    return "dev"


@pytest.fixture(scope="session")
def redshift_server(redshift_database: str) -> Iterator[StandIn]:
    """One stand-in per process, on free ports: with pytest-xdist, one per worker."""
    server = StandIn(database=redshift_database)
    yield server
    server.stop()


@pytest.fixture
def redshift(redshift_server: StandIn) -> StandIn:
    """The stand-in with a new schema name, empty S3, no statement and no fault yet."""
    redshift_server.new_schema()
    return redshift_server


@pytest.fixture
def run(redshift: StandIn) -> Iterator[Run]:
    """Run one statement by Redshift's own driver, in the test's schema: its rows."""
    connection = redshift.connect()
    cursor = connection.cursor()

    def execute(sql: str) -> list[Any]:
        cursor.execute(sql)
        return list(cursor.fetchall()) if cursor.description else []

    execute(f"create schema {redshift.schema}")
    execute(f"set search_path to {redshift.schema}")
    yield execute
    connection.close()
