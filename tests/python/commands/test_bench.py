"""The bench compares like with like, and prints what it measured."""

import json
from pathlib import Path

import pytest
from benchmark import __main__ as bench
from benchmark.contestants import Workspace
from benchmark.processes import Cost
from click.testing import CliRunner

COST = Cost(cpu=2.0, wall=1.0, memory=100.0)


@pytest.fixture(autouse=True)
def fastest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the floor's fastest time is kept."""
    path = tmp_path / "data" / "floor.json"
    monkeypatch.setattr(bench, "FASTEST", path)
    return path


def measured(*words: str) -> dict[tuple[str, int], dict[str, float]]:
    """The costs of 2,000 events, by what was run and on how many cores."""
    given = ["--events", "2000", "--rounds", "1", "--json", *words]
    done = CliRunner().invoke(bench.main, given)
    assert done.exit_code == 0, done.output
    (size,) = json.loads(done.stdout)["sizes"]
    assert size["events"] == 2000
    return {(cost.pop("name"), cost.pop("cores")): cost for cost in size["costs"]}


@pytest.mark.long
def test_the_floor_and_a_run_make_the_same_tables() -> None:
    costs = measured("--contestant", "run", "--cores", str(bench.ALL))
    assert costs.keys() == {("floor", bench.ALL), ("run", bench.ALL)}
    assert costs["run", bench.ALL]["cpu"] > costs["floor", bench.ALL]["cpu"]


def test_one_core_is_one_core() -> None:
    for cost in measured("--contestant", "read_json", "--cores", "1").values():
        assert 0 < cost["cpu"] <= 1.1 * cost["wall"]


def test_no_time_counts_where_the_tables_differ(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    facts = iter([(2,), (1,)])
    monkeypatch.setattr(bench, "facts", lambda *_: next(facts))
    monkeypatch.setattr(bench, "cost_of", lambda *_: COST)
    for command in ("script", "warehouse"):
        monkeypatch.setattr(Workspace, command, lambda *_: COST)
    done = CliRunner().invoke(bench.main, ["--contestant", "run", "--events", "10"])
    assert done.exit_code == 1
    assert "run and the floor made different tables: (1,) instead of (2,)" in (
        done.stderr
    )


def test_the_table_shows_cores_used_and_ratios_to_the_floor() -> None:
    floor = {"name": "floor", "cores": 2, "cpu": 2.0, "wall": 1.0, "memory": 100.0}
    run = {"name": "run", "cores": 2, "cpu": 5.0, "wall": 4.0, "memory": 250.0}
    *_, line = bench.table(1000, [floor, run], "")
    assert line.split() == ["run", "2", "62%", "5.0", "2.50", "4.0", "4.00", "250"]


def test_ratios_to_a_slow_floor_are_not_printed(fastest: Path) -> None:
    usual, slow = Cost(2.0, 1.0, 1.0), Cost(2.3, 1.0, 1.0)
    assert bench.doubts(10, {("floor", 2): [usual]}) == ""
    doubt = bench.doubts(10, {("floor", 2): [slow], ("run", 2): [slow]})
    assert doubt == "the floor was slow: 2.3 s instead of 2.0 s (10 events, 2 cores)"
    row = {"name": "floor", "cores": 2, "cpu": 2.3, "wall": 1.0, "memory": 1.0}
    *_, line, last = bench.table(10, [row], doubt)
    assert line.split()[4:7] == ["-", "1.0", "-"]
    assert last == f"no ratios: {doubt}; measure again on a quiet machine"
