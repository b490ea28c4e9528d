"""The command line as people expect it: help, first words, answers, refusals."""

import errno
import json
import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import duckdb
import pytest
import warehouse as commands
from click.testing import Result
from common.settings import PROJECT, Data
from common.signals import plain_os_error
from support.answers import most_played_songs
from support.helpers import NONE_REPLACED, DataSet, Sources, Warehouse, options
from support.pages import subcommands
from support.sample import make

Run = Callable[..., Result]
COMMANDS = subcommands(commands.cli)


def last_line(done: Result) -> str:
    """The one line with which a command ended."""
    assert sum(line.startswith("error: ") for line in done.stderr.splitlines()) <= 1
    return done.stderr.splitlines()[-1]


# Help


def test_help_is_whole_and_its_examples_are_commands_that_are_there(run: Run) -> None:
    for name in [*COMMANDS, ""]:
        done = run(*name.split(), "--help")
        assert done.exit_code == 0
        assert "..." not in done.stdout.replace("[ARGS]...", "")
        assert all(len(line) <= 80 for line in done.stdout.splitlines())
        examples = re.findall(r"^ *python scripts/\w+\.py (.*)", done.stdout, re.M)
        assert examples, name
        for words in (example.split() for example in examples):
            known = {word for param in COMMANDS[words[0]].params for word in param.opts}
            assert name in ("", words[0])
            assert {word for word in words if word.startswith("--")} <= known


# First words: which warehouse, which sources


def test_a_load_says_first_which_warehouse_and_which_sources(
    run: Run, warehouse: Warehouse, sources: Sources, tmp_path: Path
) -> None:
    config = tmp_path / "mine.toml"
    config.write_text(f'[data]\nsongs = "{sources.songs}"\n')
    done = run("load", "--json", "--config", config, "--events", sources.events)
    assert done.exit_code == 0, done.stderr
    counts = {"files": 2, "rows": 2, "rejected": 0}
    assert json.loads(done.stdout) == {"load": counts | NONE_REPLACED}
    assert done.stderr.splitlines()[:3] == [
        f"warehouse  {warehouse.path}",
        f"events     {sources.events}  (from --events)",
        f"songs      {sources.songs}  (from mine.toml)",
    ]


# Sample data keeps apart


@pytest.fixture
def invented(tmp_path: Path) -> Data:
    """A little sample data."""
    out = tmp_path / "sample"
    make("--days", 1, "--events", 60, "--users", 1, "--songs", 3, out)
    return Data(events=str(out / "log_data"), songs=str(out / "song_data"))


def test_sample_data_and_other_data_do_not_meet(
    run: Run, invented: Data, warehouse: Warehouse, sources: Sources
) -> None:
    warehouse.load(invented)
    before = warehouse.published()
    done = run("run", *sources.options)
    assert (done.exit_code, done.stdout) == (3, "")
    assert f"error: {warehouse.path} holds sample data, " in last_line(done)
    for word in ("SPARKIFY_DUCKDB", "--reload"):
        assert word in last_line(done)
    assert warehouse.published() == before
    # A reload replaces the sample, and the mark comes back with it.
    assert run("load", *sources.options, "--reload").exit_code == 0
    assert warehouse.value("select count(*) from staging_events") == 1
    assert run("load", *options(invented)).exit_code == 3
    assert run("load", *options(invented), "--reload").exit_code == 0
    assert run("load", *sources.options).exit_code == 3


def test_one_source_alone_does_not_take_the_samples_other_one(
    run: Run, invented: Data, warehouse: Warehouse, sources: Sources
) -> None:
    done = run("run", "--events", sources.events, "--songs", invented.songs)
    assert done.exit_code == 3
    found = f"{invented.songs} holds sample data, {sources.events} does not"
    assert found in last_line(done)
    assert not warehouse.path.exists(), "refused before anything was made"


# Answers


def test_show_lists_what_there_is_to_ask(run: Run) -> None:
    files = {path.stem for path in (PROJECT / "analyses").glob("*.sql")}
    done = run("show")
    asked = [line.split()[0] for line in done.stdout.splitlines()[2:]]
    assert set(asked) == files
    assert "Which songs are played most?" in done.stdout
    listed = json.loads(run("show", "--json").stdout)
    assert {entry["analysis"] for entry in listed if entry["question"]} == files


def test_show_prints_every_row(run: Run, sample_set: DataSet) -> None:
    at = sample_set.warehouse.path
    rows = json.loads(run("show", "most_played_songs", "--json", at=at).stdout)
    assert [tuple(row.values())[:4] for row in rows] == [
        row[:4] for row in most_played_songs(sample_set)
    ]
    done = run("show", "most_played_songs", at=at)
    assert len(done.stdout.splitlines()) == 2 + len(rows)
    assert last_line(done) == f"{len(rows):,} rows"


def test_show_lists_rejected_lines_without_what_would_command_a_terminal(
    run: Run, warehouse: Warehouse, sources: Sources
) -> None:
    bad = '{"bad": "\u009b31m'
    sources.write(sources.events / "2.json", bad.encode())
    warehouse.load(sources.data, max_errors=1)
    (row,) = json.loads(run("show", "rejected_lines", "--json").stdout)
    assert (row["load_id"], row["line"], row["raw"]) == (1, 1, bad)
    assert row["path"] == str(sources.events / "2.json")
    shown = run("show", "rejected_lines").stdout.splitlines()[-1]
    assert shown.endswith('{"bad": "\\x9b31m')


def test_who_asks_before_a_build_makes_nothing_and_learns_what_to_run(
    run: Run, warehouse: Warehouse, sources: Sources
) -> None:
    for words in (("show", "most_played_songs"), ("status",)):
        done = run(*words)
        assert (done.exit_code, done.stdout) == (3, "")
        assert last_line(done) == (
            f"error: {warehouse.path}: there is no warehouse; check SPARKIFY_DUCKDB, or"
            " make one with `warehouse.py run`"
        )
    assert not warehouse.path.exists()
    with duckdb.connect(str(warehouse.path)) as connection:
        connection.execute("create table mine (x int)")
    result = json.loads(run("status", "--json").stdout)
    assert result["load"] == {"files": 0, "rows": 0, "rejected": 0}
    assert (result["marts"], result["loads"]) == ({}, [])
    warehouse.release()
    with duckdb.connect(str(warehouse.path)) as connection:
        assert connection.execute("show all tables").fetchall()[0][2] == "mine"
    warehouse.load(sources.data)
    done = run("show", "most_played_songs")
    assert (done.exit_code, last_line(done)) == (
        3,
        f"error: {warehouse.path} has no songplays yet; build it with"
        " `warehouse.py run`",
    )


# What a person can get wrong: one line each


@pytest.mark.parametrize(
    ("file", "text", "told"),
    [
        ("mine.toml", "[dat]\n", "unknown table [dat]; there is data, cluster"),
        ("mine.toml", "[data]\nevnts = ''\n", "unknown key evnts in [data]; there is"),
        ("mine.toml", "[data]\nevents = 3\n", "events in [data] must be of type str"),
        ("mine.toml", "data = 3\n", "data is not a table; write [data]"),
        ("mine.toml", "[data\n", "not valid TOML: "),
        ("profiles.yml", None, "is missing, or has no profile `sparkify`; run `make"),
        ("profiles.yml", "a: [b\n", "Syntax error near line 2"),
        ("profiles.yml", "a: 1\n---\nb: 2\n", "expected a single document"),
        ("profiles.yml", "other:\n  target: dev\n", "or `unset DBT_PROFILES_DIR` if"),
    ],
)
def test_a_wrong_file_of_settings_is_3_and_one_line(
    run: Run, tmp_path: Path, file: str, text: str | None, told: str
) -> None:
    with pytest.MonkeyPatch.context() as patch:
        if file == "profiles.yml":
            patch.setenv("DBT_PROFILES_DIR", str(tmp_path))
        (tmp_path / "mine.toml").write_text("")
        if text is not None:
            (tmp_path / file).write_text(text)
        done = run("load", "--config", tmp_path / "mine.toml")
    assert done.exit_code == 3
    assert last_line(done).startswith(f"error: {tmp_path / file}")
    assert told in last_line(done)


# How a file of DuckDB 2.0.1 begins: checksum, magic, versions, identifier; then two
# headers of zeros, whose checksum is 5381.
NEWER_FILE = (
    bytes.fromhex("d59dbe1d284ce03e")
    + b"DUCK"
    + (999).to_bytes(40, "little")
    + b"v2.0.1".ljust(32, b"\0")
    + b"8d78114e90".ljust(40, b"\0")
    + bytes.fromhex("e5781003b38bd09cc4d4b8f0b8fca666"),
    (5381).to_bytes(8, "little"),
    (5381).to_bytes(8, "little"),
)


def test_a_path_that_cannot_be_is_named(
    run: Run, sources: Sources, tmp_path: Path
) -> None:
    text = tmp_path / "text"
    text.write_text("no warehouse")
    newer = tmp_path / "newer.duckdb"
    newer.write_bytes(b"".join(block.ljust(4096, b"\0") for block in NEWER_FILE))
    missing = tmp_path / "none" / "x.duckdb"
    for at, code, told in (
        (missing, 3, f"{missing}: no file can be written there; check its"),
        (tmp_path, 3, f"{tmp_path}: no file can be written there"),
        (tmp_path / "main.duckdb", 3, "DuckDB has another use for the name main"),
        (text, 1, f"{text} is not a DuckDB file; set SPARKIFY_DUCKDB"),
        (newer, 1, "the DuckDB file has another version than the DuckDB in .venv"),
    ):
        done = run("load", *sources.options, at=at)
        assert (done.exit_code, told in last_line(done)) == (code, True), told


# What the machine refuses


def test_outside_venv_the_command_names_it() -> None:
    done = subprocess.run(
        [sys.executable, "-S", PROJECT / "scripts" / "warehouse.py", "status"],
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 1
    assert done.stderr == (
        "error: the packages are not installed for this Python; use"
        " `.venv/bin/python scripts/warehouse.py`; `make setup` makes it\n"
    )


def test_an_error_without_a_file_blames_none() -> None:
    error = OSError(errno.ENOSPC, "No space left on device")  # as of /dev/shm
    message = plain_os_error(error).message
    assert message.startswith("target/, logs/, ")
    assert "/shm: No space left on device; check room, rights and owner" in message
    named = plain_os_error(OSError(errno.ENOSPC, "No space left", "target/x"))
    assert named.message.startswith("target/x: No space left; check room")
