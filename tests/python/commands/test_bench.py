"""The bench compares like with like, and prints what it measured."""

import json
from pathlib import Path

import pytest
from benchmark import __main__ as bench
from click.testing import CliRunner


@pytest.mark.parametrize(
    ("contestant", "cores"),
    [("read_json", 1), pytest.param("run", bench.ALL, marks=pytest.mark.long)],
)
def test_it_measures_what_makes_the_same_tables(
    contestant: str, cores: int, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(bench, "FASTEST", tmp_path / "data" / "floor.json")
    words = ["--events", "2000", "--rounds", "1", "--json", "--contestant", contestant]
    done = CliRunner().invoke(bench.main, [*words, "--cores", str(cores)])
    assert done.exit_code == 0, done.output
    (size,) = json.loads(done.stdout)["sizes"]
    costs = {cost["name"]: cost for cost in size["costs"]}
    assert costs.keys() == {"floor", contestant}
    for cost in costs.values():
        assert 0 < cost["cpu"] <= 1.1 * cost["cores"] * cost["wall"]
