"""README's quickstart, and the question after it, print what README shows."""

import os
import subprocess

from common.settings import PROJECT, read_settings
from support.helpers import DataSet, Warehouse
from support.pages import Page
from support.sample import Sample

README = Page(PROJECT / "README.md")


def test_make_run_prints_what_readme_shows(
    warehouse: Warehouse, sample: Sample
) -> None:
    text = README.section("One minute on DuckDB")
    assert README.blocks("sh", text) == ["make run\nmake test\n"]
    default = read_settings(PROJECT / "warehouse.toml").data
    assert (default.events, default.songs) == (
        "data/sample/log_data",
        "data/sample/song_data",
    )
    # The packages are installed, and this sample is the one that `make` would make.
    installed = ("-o", ".venv/run.done", "-o", "profiles.yml")
    data = (f"EVENTS={sample.data.events}", f"SONGS={sample.data.songs}")
    words = ("make", "run", *installed, *data)
    here = os.environ | {"SPARKIFY_DUCKDB": str(warehouse.path)}
    printed = subprocess.check_output(words, cwd=PROJECT, env=here, text=True)
    assert README.blocks("text", text)[0] in printed


def test_the_question_after_it_gets_the_answer_that_readme_shows(
    sample_set: DataSet,
) -> None:
    text = README.section("Ask it something")
    *_, question = README.blocks("sh", text)[0].splitlines()
    script, *words = question.removeprefix(".venv/bin/python ").split()
    assert script == "scripts/warehouse.py"
    # Here, where dbt has parsed the project already, on what `make run` loads.
    shown = sample_set.warehouse.cli(*words)
    assert shown.exit_code == 0, shown.stderr
    assert shown.stdout == README.blocks("text", text)[0]
