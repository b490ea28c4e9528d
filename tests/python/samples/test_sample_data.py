"""Sample data is what its options say, repeatable, and takes nothing that is yours."""

import json
import re
import signal
import time
from collections import defaultdict
from datetime import UTC, datetime
from pathlib import Path

import pytest
from support.sample import (
    EVENT_KEYS,
    SONG_KEYS,
    Sample,
    digest,
    log_files,
    make,
    read_events,
)

# Repeatable


def test_the_bytes_are_those_that_every_python_makes(tmp_path: Path) -> None:
    small = ("--days", 5, "--events", 500, "--songs", 50, "--users", 9)
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TZ", "Asia/Tokyo")
        time.tzset()
        make(*small, tmp_path / "a")
    time.tzset()
    # Made by 3.11, 3.12 and 3.13 alike. A change of the tool changes it: say so then.
    assert digest(tmp_path / "a")[:16] == "1899b76e40494b77"
    make(*small, "--seed", 1, tmp_path / "b")
    for kind in ("log_data", "song_data"):
        assert digest(tmp_path / "a" / kind) != digest(tmp_path / "b" / kind)


@pytest.mark.parametrize(
    ("days", "users", "songs", "events"),
    [(1, 1, 1, 10), (1, 1, 3, 60), (45, 3, 40, 450), (5, 500, 10, 5_000)],
)
def test_the_counts_asked_for_are_the_counts_given(
    tmp_path: Path, days: int, users: int, songs: int, events: int
) -> None:
    out = tmp_path / "out"
    counts = ("--days", days, "--users", users, "--songs", songs, "--events", events)
    done = make(*counts, out)
    assert done.exit_code == 0, done.stderr
    rows = read_events(out)
    assert len(log_files(out)) == days
    assert len(rows) == events
    assert len({row["userId"] for row in rows} - {""}) == users
    assert len(list((out / "song_data").rglob("TR*.json"))) == songs


# Shape


def test_files_are_named_as_the_real_ones_and_hold_their_day(sample: Sample) -> None:
    for path in log_files(sample.out):
        at = path.relative_to(sample.out / "log_data")
        name = re.fullmatch(r"2018/11/(2018-11-\d\d)-events\.sample\.json", str(at))
        assert name
        rows = [json.loads(line) for line in path.read_bytes().split(b"\n")]
        moments = (datetime.fromtimestamp(row["ts"] / 1000, UTC) for row in rows)
        assert {f"{moment:%Y-%m-%d}" for moment in moments} == {name[1]}
    for path in (sample.out / "song_data").rglob("*.json"):
        assert re.fullmatch(r"TR[A-Z]{5}128F[0-9A-F]{7}\.sample", path.stem)
        assert path.parts[-4:-1] == tuple(path.stem[2:5])


def test_rows_have_the_real_keys_types_and_ids(sample: Sample) -> None:
    for event in sample.events:
        assert " ".join(event) == EVENT_KEYS
        assert (type(event["userId"]), type(event["ts"])) == (str, int)
        for key in ("registration", "length"):
            assert type(event[key]) in (float, type(None))
        assert (event["registration"] or 0) < event["ts"]
    for song in sample.songs:
        assert " ".join(song) == SONG_KEYS
        assert (type(song["duration"]), song["num_songs"]) == (float, 1)
    assert len({song["song_id"] for song in sample.songs}) == len(sample.songs)
    users = {
        tuple(event[key] for key in ("userId", "firstName", "registration", "location"))
        for event in sample.events
    }
    assert len(users) == len({user for user, *_ in users})


def test_sessions_are_of_one_user_and_count_their_items(sample: Sample) -> None:
    sessions = defaultdict(list)
    for event in sample.events:
        sessions[event["sessionId"]].append(event)
    open_until: dict[str, int] = {}
    for rows in sessions.values():
        assert [row["itemInSession"] for row in rows] == list(range(len(rows)))
        assert len({row["userId"] for row in rows} - {""}) <= 1
        user = rows[-1]["userId"] or rows[0]["userId"]
        assert not user or open_until.get(user, 0) <= rows[0]["ts"]
        open_until[user] = rows[-1]["ts"]


# What stands in OUT already


def test_a_folder_of_its_own_is_replaced(tmp_path: Path) -> None:
    small = ("--days", 2, "--events", 100, "--users", 5, "--songs")
    for songs in (9, 5):
        make(*small, songs, tmp_path / "out")
    make(*small, 5, tmp_path / "new")
    assert digest(tmp_path / "out") == digest(tmp_path / "new")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["new", "out"]


@pytest.mark.parametrize("where", ["out", "out/mine.txt", "out/log_data/mine.json"])
def test_what_is_there_is_never_touched(tmp_path: Path, where: str) -> None:
    out = tmp_path / "out"
    (tmp_path / where).parent.mkdir(parents=True, exist_ok=True)
    (tmp_path / where).write_text("mine")
    done = make(out)
    assert done.exit_code == 3
    assert done.stderr == (
        f"error: {out} has what sample_data.py did not make; name a new or an empty"
        " folder\n"
    )
    assert (tmp_path / where).read_text() == "mine"
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_what_cannot_come_out_is_refused(tmp_path: Path) -> None:
    for words in (("--events", 99, "--users", 5), ("--events", 9999, "--users", 5)):
        done = make(*words, tmp_path / "out")
        assert done.exit_code == 3
        assert done.stderr == (
            f"error: --events {words[1]}: 5 users have 300 to 9000 in 30 days; "
            "give other --events, --users or --days\n"
        )
    assert make("--events", 0, tmp_path / "out").exit_code == 2
    assert not list(tmp_path.iterdir())


def test_a_run_that_ends_early_leaves_nothing_and_the_next_takes_an_empty_folder(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    out, small = tmp_path / "out", ("--events", 300, "--users", 5, "--songs", 5)
    out.mkdir()

    def stop(*_: object) -> None:
        (new,) = tmp_path.glob(".out.*/new")
        assert (new / "song_data").is_dir()
        signal.raise_signal(signal.SIGTERM)

    with monkeypatch.context() as patch:
        patch.setattr("sample_data.write_logs", stop)
        assert make(*small, out).exit_code == 130
    assert [list(path.iterdir()) for path in tmp_path.iterdir()] == [[]]
    assert make(*small, out).exit_code == 0
    assert [path.name for path in tmp_path.iterdir()] == ["out"]
