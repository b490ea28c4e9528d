"""The metrics say what the analyses say, in all and by every group.

Skipped where MetricFlow is not installed: `make metrics` installs it.
"""

from decimal import Decimal
from typing import Any

import click
import metrics
import pytest
from click.testing import CliRunner
from metrics import GRAINS, Metrics
from support.by_hand import ratio
from support.helpers import DataSet

pytest.importorskip("metricflow", reason="no MetricFlow: `make metrics` installs it")

Row = dict[str, Any]
# A group, the analysis that counts by it, and that one's columns for group and plays.
GROUPS = {
    ("day",): ("plays_by_day", (0, 1)),
    ("week",): ("plays_by_week", (0, 1)),
    ("level",): ("free_against_paid", (0, 1)),
    ("state",): ("plays_by_state", (0, 1)),
    ("artist",): ("most_played_artists", (0, 1)),
    ("song", "artist"): ("most_played_songs", (0, 1, 2)),
}


@pytest.fixture
def asked(data_set: DataSet) -> Metrics:
    return Metrics(data_set.warehouse._opened())


def test_the_totals_are_the_headline(asked: Metrics, data_set: DataSet) -> None:
    (total,) = asked.rows(asked.query())
    everything = data_set.answers("headline")["headline"][0]
    _, _, _, _, plays, listeners, hours, sessions, paid, matched, _ = everything
    assert list(total) == asked.names
    defined = data_set.warehouse._opened()._manifest.metrics.values()
    assert sorted(asked.names) == sorted(metric.name for metric in defined)
    assert total["plays"] == plays
    assert total["listeners"] == listeners
    assert total["sessions"] == sessions
    assert ratio(total["hours_listened"], 1) == hours
    assert ratio(100 * total["paid_share"], 1) == paid
    assert ratio(100 * total["match_rate"], 1) == matched
    expected = Decimal(plays) / Decimal(listeners)
    assert abs(total["plays_per_listener"] - expected) < Decimal("1e-9")
    if data_set.name == "real":
        assert [round(float(value), 4) for value in total.values()] == [
            *(6820, 96, 776, 467.9888, 0.8198, 0.05, 71.0417)
        ]


def test_every_group_is_its_analysis(asked: Metrics, data_set: DataSet) -> None:
    answers = data_set.answers(*(name for name, _ in GROUPS.values()))
    for by, (analysis, columns) in GROUPS.items():
        found = asked.rows(asked.query(("plays",), by))
        assert sorted((tuple(row.values()) for row in found), key=repr) == sorted(
            (tuple(row[at] for at in columns) for row in answers[analysis]), key=repr
        ), by
    genders = asked.rows(asked.query(("plays", "listeners"), ("gender",)))
    (total,) = asked.rows(asked.query(("plays",)))
    assert {row["gender"] for row in genders} >= {"F", "M"}
    assert sum(row["plays"] for row in genders) == total["plays"]
    tested = {name for by in GROUPS for name in by} | {"gender"}
    assert tested | set(GRAINS) == set(asked.groups)


def test_a_group_without_paid_plays_has_the_share_0(asked: Metrics) -> None:
    rows = asked.rows(asked.query(("paid_share",), ("level",)))
    assert {row["level"]: row["paid_share"] for row in rows} == {"paid": 1, "free": 0}


def test_the_command_prints_a_table_and_refuses_unknown_names(
    sample_set: DataSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    dbt = sample_set.warehouse._opened()
    monkeypatch.setattr(metrics, "Dbt", lambda target: dbt)

    def typed(*words: str) -> click.testing.Result:
        return CliRunner().invoke(metrics.main, words)

    done = typed("plays", "paid_share", "--by", "level, week", "--limit", "2")
    assert done.exit_code == 0, done.output
    heading, _, *lines = done.stdout.splitlines()
    assert heading.split() == ["level", "week", "plays", "paid_share"]
    shares = {line.split()[0]: line.split()[-1] for line in lines}
    assert shares == {"paid": "1.0000", "free": "0.0000"}
    assert "group by: day, week, month, quarter, year, " in done.stderr
    assert typed("play").exit_code == 2
    assert "no metric play; did you mean plays?" in typed("play").stderr
    assert "no group wek; did you mean week?" in typed("--by", "wek").stderr
