"""The bench compares like with like, and prints what it measured."""

import json
import xml.etree.ElementTree as ET
from pathlib import Path

import bench
import pytest
from benchmark.chart import chart
from benchmark.contestants import Course
from benchmark.processes import Cost
from click.testing import CliRunner

COST = Cost(cpu=2.0, wall=1.0, memory=100.0)


def test_the_floor_and_a_run_make_the_same_tables() -> None:
    words = [
        "--contestant",
        "run",
        "--events",
        "2000",
        "--rounds",
        "1",
        "--day-events",
        "0",
        "--load",
        "--json",
    ]
    done = CliRunner().invoke(bench.main, words)
    assert done.exit_code == 0, done.output
    (size,) = json.loads(done.stdout)["sizes"]
    assert size["events"] == 2000
    alone = {"read_json", "load", "load nothing"}
    assert size["costs"].keys() == {"floor", "run"} | alone
    assert all(min(cost.values()) > 0 for cost in size["costs"].values())
    assert size["costs"]["run"]["cpu"] > size["costs"]["floor"]["cpu"]


def test_no_time_counts_where_the_tables_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def run_one(name: str, course: Course, peers: Path) -> tuple[Cost, tuple[int]]:
        return COST, (1 if name == "run" else 2,)

    monkeypatch.setattr(bench, "run_one", run_one)
    monkeypatch.setattr(bench, "cost_of", lambda *_: COST)
    done = CliRunner().invoke(bench.main, ["--contestant", "run", "--events", "10"])
    assert done.exit_code == 1
    assert "run and the floor made different tables: (1,) instead of (2,)" in (
        done.stderr
    )


def test_the_table_shows_ratios_to_the_floor() -> None:
    costs = {"floor": COST, "run": Cost(cpu=5.0, wall=3.0, memory=250.0)}
    *_, line = bench.table(1000, costs)
    assert line.split() == ["run", "5.0", "2.50", "3.0", "3.00", "250"]
    costs |= {"read_json": COST, "load": Cost(9.0, 5.0, 1.0), "load nothing": COST}
    *_, line = bench.table(1000, costs)
    assert line == "the load without its start: 3.50 times read_json's CPU"


def test_a_bar_of_the_chart_is_as_long_as_its_figure() -> None:
    figures = {"floor": 2.0, "run": 5.0, "polars": 1.0}
    costs = {name: {"cpu": cpu} for name, cpu in figures.items()}
    result = {"sizes": [{"events": 1000, "costs": costs}]}
    drawn = ET.fromstring(chart(result))  # noqa: S314 (our own text)
    bars = [
        float(bar.attrib["width"]) for bar in drawn.iter() if bar.tag.endswith("}rect")
    ]
    assert [round(bar / bars[0], 2) for bar in bars] == [1.0, 2.5, 0.5]
    said = [text.text for text in drawn.iter() if text.tag.endswith("}text")]
    assert "5.0 s, 2.50 times the floor" in said
