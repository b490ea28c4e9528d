"""make finds a Python that fits, passes paths on as they are, and says little."""

import shutil
import signal
import socket
import subprocess
import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

import pytest
from settings import PROJECT

# In place of a Python: checks of its version are real, all else is written down.
STAND_IN = f"""#!/bin/sh
if [ "$1" = -c ]; then exec '{sys.executable}' "$@"; fi
if [ "$2" = http.server ]; then trap 'exit 0' INT; kill -INT 0; sleep 9; fi
if [ "$2" = venv ]; then mkdir -p .venv/bin && cp "$0" .venv/bin/python; fi
for word in "$@"; do echo "<$word>"; done >> asked
"""
OLD = "#!/bin/sh\nexit 1\n"
Make = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def make(tmp_path: Path) -> Make:
    """make in a folder with stand-ins `python` and `old` for a fitting one or not."""
    requirements = ("requirements.txt", "requirements-dev.txt")
    for name in ("Makefile", "profiles.yml.example", *requirements):
        shutil.copy(PROJECT / name, tmp_path)
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


def test_a_python_that_does_not_fit_is_one_line_and_makes_nothing(
    make: Make, tmp_path: Path
) -> None:
    done = make("setup", "PYTHON=./old")
    assert done.returncode == 2
    first, _ = done.stderr.splitlines()  # make has the last word
    assert first == (
        "error: ./old is not Python 3.11, 3.12 or 3.13: install one and name it, such"
        " as `make setup PYTHON=python3.12`"
    )
    assert not (tmp_path / ".venv").exists()


def test_a_venv_is_made_once_and_replaced_when_it_is_broken(
    make: Make, tmp_path: Path
) -> None:
    done = make("setup", "PYTHON=./python")
    assert done.returncode == 0, done.stderr
    assert done.stdout == "installing dbt and what it needs into .venv: half a minute\n"
    made = asked(tmp_path)
    assert "<venv>\n<--clear>\n<.venv>\n" in made
    assert "<--require-hashes>\n<-r>\n<requirements.txt>\n" in made
    make("setup", "PYTHON=./python")
    assert asked(tmp_path) == ""
    (tmp_path / ".venv" / "bin" / "python").write_text(OLD)
    assert make("setup", "PYTHON=./python").returncode == 0
    assert asked(tmp_path) == made


def test_a_path_with_blanks_and_quotes_reaches_the_command(
    make: Make, tmp_path: Path
) -> None:
    make("setup", "PYTHON=./python")
    asked(tmp_path)
    done = make("run", "EVENTS=my 'logs'", "SONGS=my songs", "TARGET=dev")
    assert done.returncode == 0, done.stderr
    words = ["scripts/warehouse.py", "run", "--events", "my 'logs'"]
    words += ["--songs", "my songs", "--target", "dev"]
    assert asked(tmp_path) == "".join(f"<{word}>\n" for word in words)
    assert "Look next: " in done.stdout
    assert "\\" not in done.stdout
    # One source of one's own is enough to make no sample data.
    make("run", "SONGS=songs")
    assert "sample_data.py" not in asked(tmp_path)
    make("run")
    assert "<scripts/sample_data.py>\n<data/sample>\n" in asked(tmp_path)


def test_a_port_that_is_taken_is_named_before_any_work(
    make: Make, tmp_path: Path
) -> None:
    make("setup", "PYTHON=./python")
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        done = make("docs", f"PORT={port}")
    assert done.returncode == 2
    assert f"error: port {port} is taken, " in done.stderr
    assert "make docs PORT=8081" in done.stderr


def test_ctrl_c_ends_the_documentation_without_an_error(
    make: Make, tmp_path: Path
) -> None:
    make("setup", "PYTHON=./python")
    for name in ("dbt", "colibri"):
        shutil.copy(tmp_path / "python", tmp_path / ".venv" / "bin" / name)
    (tmp_path / "target").mkdir()  # as dbt does
    done = make("docs", "PORT=0")  # any free port
    assert "Ctrl-C ends it" in done.stdout
    assert done.stderr == ""
    assert done.returncode == -signal.SIGINT  # what shells call 130
    assert "<generate>\n<--static>" in asked(tmp_path)
