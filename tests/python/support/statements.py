"""What dbt sends to the warehouse, seen from the tests' own process."""

import itertools
from collections.abc import Callable
from typing import Any

import pytest
from dbt.adapters.sql.connections import SQLConnectionManager


def watch_statements(
    patch: pytest.MonkeyPatch, see: Callable[[int, str, str], object]
) -> None:
    """Be told before and after of every statement that dbt sends, with its number."""
    original = SQLConnectionManager.add_query
    numbers = itertools.count(1)  # shared by dbt's threads

    def watched(self: Any, sql: str, *words: Any, **named: Any) -> Any:
        number = next(numbers)
        see(number, "before", sql)
        result = original(self, sql, *words, **named)
        see(number, "after", sql)
        return result

    patch.setattr(SQLConnectionManager, "add_query", watched)
