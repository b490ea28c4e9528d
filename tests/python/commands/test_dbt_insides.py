"""The override of dbt's insides fits the pinned dbt, and goes when dbt is another."""

import pytest
from dbt.adapters.redshift.connections import RedshiftConnectionManager
from dbt_project import insides


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
