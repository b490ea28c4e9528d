"""The analyses' rows, and what plain Python reads in the same files."""

from typing import Any

import pytest
from support.by_hand import Play, Raw
from support.helpers import DataSet


@pytest.fixture(scope="session")
def answers(data_set: DataSet) -> dict[str, list[tuple[Any, ...]]]:
    """The rows of every analysis, in the order that it gives them."""
    return data_set.answers()


@pytest.fixture(scope="session")
def events(data_set: DataSet) -> list[Raw]:
    return data_set.events


@pytest.fixture(scope="session")
def catalogue(data_set: DataSet) -> list[Raw]:
    return data_set.catalogue


@pytest.fixture(scope="session")
def plays(data_set: DataSet) -> list[Play]:
    return data_set.plays
