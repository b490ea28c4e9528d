"""The quickstart of README shows what README says."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from common.settings import PROJECT
from support.helpers import DataSet
from support.pages import Page

README = Page(PROJECT / "README.md")
GIT = shutil.which("git")


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of what is committed, with this Python's packages as its .venv."""
    folder = tmp_path / "clone"
    if GIT is None or not (PROJECT / ".git").exists():
        pytest.skip("this is no git checkout, or there is no git")
    subprocess.run([GIT, "clone", "--quiet", PROJECT, folder], check=True)
    venv = folder / ".venv"
    venv.mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.suffix != ".done":
            (venv / entry.name).symlink_to(entry)
    # Installed as far as make can tell, which compares times.
    for name in ("run.done", "dev.done"):
        (venv / name).touch()
    return folder


def test_the_quickstart_shows_what_readme_says(clone: Path) -> None:
    text = README.section("One minute on DuckDB")
    quickstart = README.blocks("sh", text)[0]
    assert quickstart == "make run\nmake test\n"
    ours = ("SPARKIFY_", "DBT_", "MAKE", "MFLAGS", "PYTEST_")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(ours)
    }
    done = subprocess.run(
        [str(shutil.which("make")), "run"],
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert README.blocks("text", text)[0] in done.stdout
    left = subprocess.check_output([str(GIT), "status", "--short"], cwd=clone)
    assert left == b"", "a run leaves nothing behind that git would see"


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
