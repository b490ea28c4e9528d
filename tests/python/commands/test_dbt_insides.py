"""Overrides of dbt's insides fit the pinned dbt, and go when dbt is another one."""

import dbt_insides
import pytest
from dbt_common.behavior_flags import BehaviorFlagRendered
from dbt_insides import OVERRIDES, is_known, override

EVERY = [one for overrides in OVERRIDES.values() for one in overrides]


@pytest.mark.parametrize("one", EVERY, ids=lambda one: one.apply.__name__)
def test_every_override_was_written_for_the_dbt_that_is_pinned(
    one: dbt_insides.Override,
) -> None:
    assert is_known(one), (
        f"{one.package} has a new release: read what {one.apply.__name__} replaces in"
        " it, measure what it saves there, and add the release"
    )


def test_another_dbt_goes_its_own_way(monkeypatch: pytest.MonkeyPatch) -> None:
    for release, replaced in (("1.40.1", False), ("2.0.0b1", False), ("1.39.7", True)):
        with monkeypatch.context() as patch:
            patch.setattr(BehaviorFlagRendered, "_default_source", "dbt's own")
            patch.setattr(dbt_insides, "version", lambda _, shown=release: shown)
            override("")
            assert (BehaviorFlagRendered._default_source != "dbt's own") == replaced
