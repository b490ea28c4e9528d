"""The override of dbt's insides fits the pinned dbt, and goes when dbt is another."""

import gc

import pytest
from dbt.adapters.redshift.connections import RedshiftConnectionManager
from dbt_project import insides
from dbt_project.runner import Dbt


def test_the_override_was_written_for_the_dbt_that_is_pinned() -> None:
    assert insides.is_known(), (
        "dbt-redshift has a new release: read what keep_connections replaces in it,"
        " measure what it saves, and add the release"
    )


@pytest.mark.parametrize(
    ("release", "is_replaced"), [("1.11.7", True), ("1.12.0", False), ("2.0b1", False)]
)
def test_another_dbt_goes_its_own_way(
    release: str, is_replaced: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    original = RedshiftConnectionManager.release
    monkeypatch.setattr(RedshiftConnectionManager, "release", original)
    monkeypatch.setattr(insides, "version", lambda _: release)
    insides.keep_connections()
    assert (RedshiftConnectionManager.release is not original) == is_replaced


def test_the_end_of_a_process_finds_all_that_it_made(dbt: Dbt) -> None:
    # DuckDB 2 prints 25 lines about what a frozen collector leaves behind.
    assert gc.get_freeze_count() == 0
