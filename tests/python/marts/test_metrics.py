"""The metrics give the numbers of the analyses, in all and by every group."""

import shlex
import subprocess
from pathlib import Path

import pytest
from click.testing import CliRunner
from common.settings import PROJECT
from dbt_metricflow.cli.main import query
from support.helpers import DataSet
from support.metrics import answer, metricflow, names
from support.pages import Page

# A group, the analysis that counts plays by it, and that one's columns for both.
GROUPS = {
    "metric_time__day": ("plays_by_day", (0, 1)),
    "metric_time__week": ("plays_by_week", (0, 1)),
    "play__level": ("free_against_paid", (0, 1)),
    "play__state": ("plays_by_state", (0, 2)),
    "play__artist": ("most_played_artists", (0, 1)),
    "play__song,play__artist": ("most_played_songs", (0, 1, 2)),
}
PAGE = Page(PROJECT / "docs" / "insights.md")


def test_every_total_and_every_group_is_its_analysis(data_set: DataSet) -> None:
    analyses = data_set.answers("headline", *(name for name, _ in GROUPS.values()))
    flow = metricflow(data_set.warehouse._opened())
    metrics, groups = names(flow)
    (total,) = answer(flow, metrics)
    plays, listeners, hours, sessions, paid, matched = analyses["headline"][0][4:10]
    assert {name: round(float(value), 3) for name, value in total.items()} == {
        "plays": plays,
        "listeners": listeners,
        "sessions": sessions,
        "hours_listened": pytest.approx(float(hours), abs=0.05),
        "plays_per_listener": round(plays / listeners, 3),
        "paid_share": float(paid / 100),
        "match_rate": float(matched / 100),
    }
    for by, (analysis, columns) in GROUPS.items():
        rows = [
            tuple(
                value.date() if "time" in name else value for name, value in row.items()
            )
            for row in answer(flow, "plays", by)
        ]
        expected = [tuple(row[at] for at in columns) for row in analyses[analysis]]
        assert sorted(rows, key=repr) == sorted(expected, key=repr), by
    genders = answer(flow, "plays", "listener__gender")
    assert {row["listener__gender"] for row in genders} >= {"F", "M"}
    assert sum(row["plays"] for row in genders) == plays
    tested = {name for by in GROUPS for name in by.split(",")} | {"listener__gender"}
    assert set(groups.split(",")) - tested == {"play__start_time"}  # metric_time's own


def typed(question: str, folder: Path) -> list[str]:
    """What a line of the page, `make metrics ...`, passes to `mf`."""
    for name, script in (("dbt", ""), ("mf", 'printf "%s\\n" "$@"')):
        (folder / name).write_text(f"#!/bin/sh\n{script}\n")
        (folder / name).chmod(0o755)
    ready = ("-o", ".venv/dev.done", "-o", "profiles.yml", f"BIN={folder}")
    words = [*shlex.split(question), "--no-print-directory", *ready]
    return subprocess.check_output(words, cwd=PROJECT, text=True).splitlines()


def test_the_questions_of_the_page_have_the_answers_that_it_shows(
    sample_set: DataSet, tmp_path: Path
) -> None:
    section = PAGE.section("Metrics")
    questions = [
        line
        for block in PAGE.blocks("sh", section)
        for line in block.splitlines()
        if "METRICS=" in line
    ]
    assert len(questions) == 5
    flow = metricflow(sample_set.warehouse._opened())
    for question, shown in zip(questions, PAGE.blocks("text", section), strict=True):
        command, *words = typed(question, tmp_path)
        assert command == "query"
        printed = CliRunner().invoke(query, words, obj=flow).stdout
        lines = [line.rstrip() for line in printed.splitlines()]
        assert lines == shown.splitlines(), "\n".join([question, *lines])
