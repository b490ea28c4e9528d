"""The bench compares like with like, and prints what it measured."""

import json
from pathlib import Path

import pytest
from benchmark import __main__ as bench
from benchmark.contestants import Workspace
from benchmark.processes import Cost
from click.testing import CliRunner, Result


@pytest.fixture(autouse=True)
def fastest(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A file of this test's own for the floor's fastest time."""
    monkeypatch.setattr(bench, "FASTEST", tmp_path / "data" / "floor.json")


def measured(*words: str) -> Result:
    """The bench of 2,000 events."""
    return CliRunner().invoke(
        bench.main, ["--events", "2000", "--rounds", "1", "--json", *words]
    )


@pytest.mark.parametrize(
    ("contestant", "cores"),
    [("read_json", "1"), pytest.param("run", bench.ALL, marks=pytest.mark.long)],
)
def test_it_measures_what_makes_the_same_tables(contestant: str, cores: str) -> None:
    done = measured("--contestant", contestant, "--cores", str(cores))
    assert done.exit_code == 0, done.output
    (size,) = json.loads(done.stdout)["sizes"]
    costs = {cost["name"]: cost for cost in size["costs"]}
    assert costs.keys() == {"floor", contestant}
    for cost in costs.values():
        assert 0 < cost["cpu"] <= 1.1 * cost["cores"] * cost["wall"]


def test_no_time_counts_where_the_tables_differ(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    facts = iter([(2,), (1,)])
    monkeypatch.setattr(bench, "facts", lambda *_: next(facts))
    cost = Cost(cpu=2.0, wall=1.0, memory=100.0)
    monkeypatch.setattr(bench, "cost_of", lambda *_: cost)
    for command in ("script", "warehouse"):
        monkeypatch.setattr(Workspace, command, lambda *_: cost)
    done = measured("--contestant", "run")
    assert done.exit_code == 1
    told = "run and the floor made different tables: (1,) instead of (2,)"
    assert told in done.stderr


def test_ratios_to_a_slow_floor_are_not_printed() -> None:
    usual, slow = Cost(2.0, 1.0, 1.0), Cost(2.3, 1.0, 1.0)
    assert bench.doubts(10, {("floor", 2): [usual]}) == ""
    doubt = bench.doubts(10, {("floor", 2): [slow], ("run", 2): [slow]})
    assert doubt == "the floor was slow: 2.3 s instead of 2.0 s (10 events, 2 cores)"
    floor = {"name": "floor", "cores": 2, "cpu": 2.0, "wall": 1.0, "memory": 100.0}
    run = {"name": "run", "cores": 2, "cpu": 5.0, "wall": 4.0, "memory": 250.0}
    line = bench.table(1000, [floor, run], "")[-1]
    assert line.split() == ["run", "2", "62%", "5.0", "2.50", "4.0", "4.00", "250"]
    *_, line, last = bench.table(1000, [floor, run], doubt)
    assert line.split()[4:7] == ["-", "4.0", "-"]
    assert last == f"no ratios: {doubt}; measure again on a quiet machine"
