"""make finds a Python that fits, installs pins, passes paths on, and says little."""

import re
import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from common.settings import PROJECT

REQUIREMENTS = tuple(PROJECT.glob("requirements*.txt"))

# In place of Python and uv: tells the real version, makes what comes next, and writes
# down what it is asked.
STAND_IN = f"""#!/bin/sh
case "$*" in
-c*) exec '{sys.executable}' "$@";;
"-m http.server"*) trap 'exit 0' INT; kill -INT 0; sleep 9;;
"-m venv"*) mkdir -p .uv/bin && cp "$0" .uv/bin/python;;
"-m pip"*) cp "$0" .uv/bin/uv;;
venv*) mkdir -p .venv/bin && cp "$0" .venv/bin/python;;
esac
for word in "$@"; do echo "<$word>"; done >> asked
"""
OLD = "#!/bin/sh\nexit 1\n"
Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """make in a folder with stand-ins `python` and `old` for a fitting one or not."""
    for file in (PROJECT / "Makefile", *PROJECT.glob("*.example"), *REQUIREMENTS):
        shutil.copy(file, tmp_path)
    for name, text in (("python", STAND_IN), ("old", OLD)):
        (tmp_path / name).write_text(text)
        (tmp_path / name).chmod(0o755)

    def run(*words: str) -> subprocess.CompletedProcess[str]:
        found = shutil.which("make")
        if found is None:
            pytest.skip("there is no make")
        return subprocess.run(
            [found, "--no-print-directory", *words],
            cwd=tmp_path,
            capture_output=True,
            text=True,
            check=False,
            start_new_session=True,  # for Ctrl-C, which reaches all of a session
            # A shell starts what runs in its background deaf to Ctrl-C.
            preexec_fn=partial(signal.signal, signal.SIGINT, signal.SIG_DFL),
        )

    return run


def asked(folder: Path) -> str:
    """What the stand-in was asked to do, and forget it."""
    notes = folder / "asked"
    text = notes.read_text() if notes.exists() else ""
    notes.unlink(missing_ok=True)
    return text


def test_each_package_has_one_pin_over_all_files_and_none_names_an_index() -> None:
    """`make canary` installs them from nothing, with an old pip."""
    texts = {file.name: file.read_text() for file in REQUIREMENTS}
    pin = re.compile(r"^([\w.-]+)(?:\[[^]]*\])?==([^\s;\\]+)", re.MULTILINE)
    pins = {file: set(pin.findall(text)) for file, text in texts.items()}
    run, dev = pins["requirements.txt"], pins["requirements-dev.txt"]
    names = {name for name, _ in run}
    assert len(names) > 50
    assert "awscrt" in names  # for what `aws login` writes
    assert run == {(name, version) for name, version in dev if name in names}
    # pip installs uv. An old one refuses a pin with extras, which uv takes, as soon as
    # the index has a newer release.
    assert len(pins["requirements-uv.txt"]) == 1
    assert "[" not in texts["requirements-uv.txt"]
    for file, text in texts.items():
        assert "://" not in text, file
        assert not re.search(r"^--(?!hash)", text, re.MULTILINE), file


def test_what_lint_leaves_unchanged_stays_so_when_pre_commit_names_it() -> None:
    """An exclusion of ruff's does not hold for files that are named, unless forced."""
    ruff = Path(sys.executable).with_name("ruff")
    for words in (["check"], ["format", "--check"]):
        named = [ruff, *words, "tests/benchmark/floor.py"]
        done = subprocess.run(named, cwd=PROJECT, capture_output=True, check=False)
        assert done.returncode == 0, done.stdout.decode()


def test_a_venv_is_made_once_by_a_python_that_fits_and_replaced_when_it_does_not(
    make: Make, tmp_path: Path
) -> None:
    done = make("setup", "PYTHON=./old")
    assert done.returncode == 2
    assert done.stderr.endswith(
        "./old is not Python 3.11, 3.12 or 3.13: install one and name it, such"
        " as `make setup PYTHON=python3.12`.  Stop.\n"
    )
    assert not (tmp_path / ".uv").exists()
    setup = ("setup", "PYTHON=./python")
    done = make(*setup)
    assert done.returncode == 0, done.stderr
    assert done.stdout == "installing dbt and what it needs into .venv: some seconds\n"
    made = asked(tmp_path)
    assert "<--require-hashes>\n<--no-deps>\n<-r>\n<requirements-uv.txt>\n" in made
    venv = "<venv>\n<--quiet>\n<--clear>\n<--python>\n<./python>\n<.venv>\n"
    install = "<--require-hashes>\n<-r>\n<requirements.txt>\n"
    assert made.index(venv) < made.index(install)
    make(*setup)
    assert asked(tmp_path) == ""
    for python, said in (
        (OLD, ""),
        ("#!/bin/sh\necho 3.9\n", ".venv has Python 3.9: replacing it\n"),
    ):
        (tmp_path / ".venv" / "bin" / "python").write_text(python)
        done = make(*setup)
        assert (done.returncode, said in done.stdout) == (0, True)
        replaced = asked(tmp_path)
        assert venv in replaced
        assert "<requirements-uv.txt>" not in replaced


def test_a_path_with_blanks_and_quotes_reaches_the_command(
    make: Make, tmp_path: Path
) -> None:
    make("setup", "PYTHON=./python")
    asked(tmp_path)
    more = "ARGS=--max-errors 5"
    done = make("run", "EVENTS=my 'logs'", "SONGS=my songs", "TARGET=dev", more)
    assert done.returncode == 0, done.stderr
    words = ["scripts/warehouse.py", "run", "--events", "my 'logs'"]
    words += ["--songs", "my songs", "--target", "dev", "--max-errors", "5"]
    assert asked(tmp_path) == "".join(f"<{word}>\n" for word in words)
    assert "Look next: " in done.stdout
    assert "\\" not in done.stdout
    # One source of one's own is enough to make no sample data.
    make("run", "SONGS=songs")
    assert "sample_data.py" not in asked(tmp_path)
    make("run")
    assert "<scripts/sample_data.py>\n<data/sample>\n" in asked(tmp_path)


def test_docs_name_a_taken_port_before_any_work_and_end_by_ctrl_c_without_an_error(
    make: Make, tmp_path: Path
) -> None:
    make("setup", "PYTHON=./python")
    for name in ("dbt", "colibri"):
        shutil.copy(tmp_path / "python", tmp_path / ".venv" / "bin" / name)
    (tmp_path / "target").mkdir()  # as dbt does
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = make("docs", f"PORT={port}")
    assert done.returncode == 2
    assert f"error: port {port} is taken, " in done.stderr
    assert "make docs PORT=8081" in done.stderr
    assert "generate" not in asked(tmp_path)
    done = make("docs", "PORT=0")  # any free port
    assert "Ctrl-C ends it" in done.stdout
    assert done.stderr == ""
    assert done.returncode == -signal.SIGINT  # what shells call 130
    assert "<generate>\n<--static>" in asked(tmp_path)
