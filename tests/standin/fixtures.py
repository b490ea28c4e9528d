"""pytest's handle on the stand-in: `pytest_plugins = ["standin.fixtures"]`."""

from collections.abc import Iterator

import pytest

from standin.stack import StandIn


@pytest.fixture(scope="session")
def redshift_server() -> Iterator[StandIn]:
    """One stand-in per process, on free ports: with pytest-xdist, one per worker."""
    server = StandIn()
    yield server
    server.stop()


@pytest.fixture
def redshift(redshift_server: StandIn) -> StandIn:
    """The stand-in with a new schema, empty S3, and no statement or fault yet."""
    redshift_server.new_schema()
    return redshift_server
