"""Sample data is what its options say, repeatable, and has the real data's traps."""

import hashlib
import json
import os
import re
import subprocess
import sys
from collections import Counter, defaultdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, NamedTuple

import pytest

PROJECT = Path(__file__).resolve().parents[2]
SCRIPT = PROJECT / "scripts" / "sample_data.py"
EVENT_KEYS = (
    "artist auth firstName gender itemInSession lastName length level location method "
    "page registration sessionId song status ts userAgent userId"
)
SONG_KEYS = (
    "artist_id artist_latitude artist_location artist_longitude artist_name duration "
    "num_songs song_id title year"
)
Row = dict[str, Any]


class Sample(NamedTuple):
    """What a run made, read by Python's own json: an independent judge."""

    out: Path
    events: list[Row]
    plays: list[Row]
    songs: list[Row]


def make(
    *words: object, env: dict[str, str] | None = None
) -> subprocess.CompletedProcess[str]:
    """Run the tool as a user does; options and folder as words."""
    return subprocess.run(
        [sys.executable, str(SCRIPT), *map(str, words)],
        capture_output=True,
        text=True,
        check=False,
        env={**os.environ, **(env or {})},
    )


def log_files(out: Path) -> list[Path]:
    return sorted((out / "log_data").rglob("*.json"))


def read_events(out: Path) -> list[Row]:
    return [
        json.loads(line)
        for path in log_files(out)
        for line in path.read_text(encoding="utf-8").split("\n")
    ]


def digest(folder: Path) -> str:
    """One hash of every path and byte under a folder."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(folder)}\n".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


@pytest.fixture(scope="module")
def sample(tmp_path_factory: pytest.TempPathFactory) -> Sample:
    out = tmp_path_factory.mktemp("default") / "sample"
    done = make(out)
    assert done.returncode == 0, done.stderr
    events = read_events(out)
    songs = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (out / "song_data").rglob("*.json")
    ]
    plays = [event for event in events if event["page"] == "NextSong"]
    return Sample(out, events, plays, songs)


def repaired(text: str) -> str:
    for _ in range(2):
        text = text.encode("latin-1").decode("utf-8")
    return text


def by_pair(songs: list[Row]) -> dict[tuple[str, str], list[float]]:
    """Durations of every title and artist name, numbers read as the text they are."""
    pairs = defaultdict(list)
    for song in songs:
        pairs[str(song["title"]), str(song["artist_name"])].append(song["duration"])
    return pairs


def durations_of(sample: Sample) -> list[tuple[Row, list[float]]]:
    """Every play with the durations that the catalogue has for it."""
    pairs = by_pair(sample.songs)
    return [
        (play, pairs.get((repaired(play["song"]), repaired(play["artist"])), []))
        for play in sample.plays
    ]


# Repeatable


def test_the_same_options_give_the_same_bytes(sample: Sample, tmp_path: Path) -> None:
    again = make(tmp_path / "again", env={"PYTHONHASHSEED": "7", "TZ": "Asia/Tokyo"})
    assert again.returncode == 0
    assert digest(tmp_path / "again") == digest(sample.out)


def test_the_bytes_are_those_that_every_python_makes(tmp_path: Path) -> None:
    # Made by 3.11, 3.12 and 3.13 alike. A change of the tool changes it: say so then.
    make("--days", 5, "--events", 500, "--songs", 50, "--users", 9, tmp_path / "out")
    assert digest(tmp_path / "out")[:16] == "c20b89fe4ba5e44c"


def test_another_seed_gives_other_bytes(sample: Sample, tmp_path: Path) -> None:
    make("--seed", 1, tmp_path / "other")
    assert len(read_events(tmp_path / "other")) == len(sample.events)
    assert digest(tmp_path / "other" / "log_data") != digest(sample.out / "log_data")
    assert digest(tmp_path / "other" / "song_data") != digest(sample.out / "song_data")


def test_more_events_leave_the_catalogue_as_it_was(
    sample: Sample, tmp_path: Path
) -> None:
    make("--events", 2000, tmp_path / "out")
    assert digest(tmp_path / "out" / "song_data") == digest(sample.out / "song_data")


# Counts


@pytest.mark.parametrize(
    ("days", "users", "songs", "events"),
    [
        (1, 1, 1, 10),
        (1, 1, 3, 60),
        (3, 7, 10, 300),
        (7, 20, 50, 200),
        (45, 3, 40, 450),
        (5, 500, 10, 5_000),
        (30, 40, 100, 20_000),
    ],
)
def test_the_counts_asked_for_are_the_counts_given(
    tmp_path: Path, days: int, users: int, songs: int, events: int
) -> None:
    out = tmp_path / "out"
    counts = ("--days", days, "--users", users, "--songs", songs, "--events", events)
    done = make(*counts, out)
    assert done.returncode == 0, done.stderr
    rows = read_events(out)
    assert len(log_files(out)) == days
    assert len(rows) == events
    assert len({row["userId"] for row in rows} - {""}) == users
    assert len(list((out / "song_data").rglob("TR*.json"))) == songs


def test_memory_does_not_grow_with_the_events(tmp_path: Path) -> None:
    code = (
        "import resource, subprocess, sys;"
        "subprocess.run(sys.argv[1:], check=True, stdout=subprocess.DEVNULL);"
        "print(resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss)"
    )

    def peak(events: int) -> int:
        words = ("--users", 1000, "--songs", 50, "--events", events, tmp_path / "out")
        made = [sys.executable, str(SCRIPT), *map(str, words)]
        done = subprocess.run(
            [sys.executable, "-c", code, *made],
            capture_output=True,
            text=True,
            check=True,
        )
        return int(done.stdout)

    assert peak(200_000) < 1.1 * peak(10_000)


# Shape


def test_files_look_like_the_real_ones(sample: Sample) -> None:
    for path in log_files(sample.out):
        data = path.read_bytes()
        assert data.isascii()
        assert data.startswith(b'{"artist":')
        assert data.endswith(b'"}')
        assert b"\\/" in data
        assert re.fullmatch(
            r"2018/11/2018-11-\d\d-events.json",
            str(path.relative_to(sample.out / "log_data")),
        )
    for path in (sample.out / "song_data").rglob("*.json"):
        assert re.fullmatch(r"TR[A-Z]{5}128F[0-9A-F]{7}", path.stem)
        assert path.parts[-4:-1] == tuple(path.stem[2:5])
        assert path.read_bytes().isascii()


def test_rows_have_the_real_keys_and_types(sample: Sample) -> None:
    for event in sample.events:
        assert " ".join(event) == EVENT_KEYS
        assert type(event["userId"]) is str
        assert type(event["ts"]) is int
        assert type(event["registration"]) in (float, type(None))
        assert type(event["length"]) in (float, type(None))
    for song in sample.songs:
        assert " ".join(song) == SONG_KEYS
        assert type(song["duration"]) is float
        assert song["num_songs"] == 1


def test_ids_are_unique(sample: Sample, tmp_path: Path) -> None:
    keys = {(event["sessionId"], event["itemInSession"]) for event in sample.events}
    assert len(keys) == len(sample.events)
    assert len({song["song_id"] for song in sample.songs}) == len(sample.songs)
    registrations = defaultdict(set)
    for event in sample.events:
        registrations[event["userId"]].add(
            tuple(event[key] for key in ("firstName", "registration", "location"))
        )
    assert {len(found) for found in registrations.values()} == {1}


def test_events_lie_in_their_file_in_order_and_after_registration(
    sample: Sample,
) -> None:
    for path in log_files(sample.out):
        rows = [json.loads(line) for line in path.read_text().split("\n")]
        times = [row["ts"] for row in rows]
        days = {f"{datetime.fromtimestamp(ts / 1000, UTC):%Y-%m-%d}" for ts in times}
        assert days == {path.name.removesuffix("-events.json")}
        assert times == sorted(times)
        assert all((row["registration"] or 0) < row["ts"] for row in rows)


def test_sessions_are_of_one_user_and_count_their_items(sample: Sample) -> None:
    sessions = defaultdict(list)
    for event in sample.events:
        sessions[event["sessionId"]].append(event)
    for rows in sessions.values():
        assert [row["itemInSession"] for row in rows] == list(range(len(rows)))
        assert len({row["userId"] for row in rows} - {""}) <= 1
    open_until: dict[str, int] = {}
    for rows in sessions.values():
        user = rows[-1]["userId"] or rows[0]["userId"]
        assert not user or open_until.get(user, 0) <= rows[0]["ts"]
        open_until[user] = rows[-1]["ts"]


# Traps of the logs


def share(rows: list[Row], of: list[Row]) -> float:
    return len(rows) / len(of)


def test_logs_are_decoded_twice_and_songs_are_not(sample: Sample) -> None:
    broken = [p for p in sample.plays if not (p["song"] + p["artist"]).isascii()]
    assert 0.02 < share(broken, sample.plays) < 0.15
    for play in broken:
        assert "Ã" in play["song"] + play["artist"]
        repaired(play["song"] + play["artist"])
    clean = " ".join(f"{s['title']} {s['artist_name']}" for s in sample.songs)
    assert "Ã" not in clean
    assert re.search(r"[éöñøł]", clean)
    assert re.search(r"[\u3040-\u9fff]", clean)
    pairs = by_pair(sample.songs)
    as_it_comes = sum((p["song"], p["artist"]) in pairs for p in sample.plays)
    mended = sum(1 for _, found in durations_of(sample) if found)
    assert mended > 1.02 * as_it_comes


def test_blank_users_have_nothing_and_play_nothing(sample: Sample) -> None:
    blank = [event for event in sample.events if event["userId"] == ""]
    assert 0.02 < share(blank, sample.events) < 0.06
    gone = ("registration", "firstName", "lastName", "gender", "location", "userAgent")
    for event in sample.events:
        assert all((event[k] is None) == (event["userId"] == "") for k in gone)
        assert (event["auth"] == "Logged Out") == (event["userId"] == "")
    assert {event["page"] for event in blank} == {"Home", "Login", "About", "Help"}
    users = defaultdict(set)
    for event in sample.events:
        users[event["sessionId"]].add(event["userId"])
    mixed = [found for found in users.values() if len(found) == 2 and "" in found]
    assert 0.05 < len(mixed) / len(users) < 0.25
    assert any(found == {""} for found in users.values())


def test_only_plays_name_a_song(sample: Sample) -> None:
    for event in sample.events:
        named = [event[key] is not None for key in ("artist", "song", "length")]
        assert all(named) if event["page"] == "NextSong" else not any(named)


def test_pages_are_answered_as_the_real_ones(sample: Sample) -> None:
    answers = {(e["page"], e["method"], e["status"]) for e in sample.events}
    put = ["Login", "Logout", "Save Settings", "Submit Upgrade", "Submit Downgrade"]
    get = ["Home", "Downgrade", "Settings", "Help", "About", "Upgrade"]
    assert answers == {
        ("NextSong", "PUT", 200),
        ("Error", "GET", 404),
        *((page, "PUT", 307) for page in put),
        *((page, "GET", 200) for page in get),
    }
    assert 0.8 < share(sample.plays, sample.events) < 0.9


def test_levels_change_on_their_pages(sample: Sample) -> None:
    spells: dict[str, list[str]] = defaultdict(list)
    last: dict[str, Row] = {}
    submits = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}
    for event in sample.events:
        user = event["userId"]
        if not user:
            continue
        if user in last:
            changed = last[user]["level"] != event["level"]
            assert changed == (last[user]["page"] in submits)
            assert not changed or submits[last[user]["page"]] == event["level"]
        if not spells[user] or spells[user][-1] != event["level"]:
            spells[user].append(event["level"])
        last[user] = event
    assert ["paid", "free", "paid"] in spells.values()
    assert ["free", "paid"] in spells.values()
    assert ["paid", "free"] in spells.values()
    assert 0.05 < sum(len(s) > 1 for s in spells.values()) / len(spells) < 0.2


def test_one_user_never_plays(sample: Sample) -> None:
    users = {event["userId"] for event in sample.events} - {""}
    assert len(users - {play["userId"] for play in sample.plays}) == 1


def test_a_good_share_of_the_plays_is_in_the_catalogue(sample: Sample) -> None:
    found = [(p, lengths) for p, lengths in durations_of(sample) if lengths]
    assert 0.55 < len(found) / len(sample.plays) < 0.65
    near = [p for p, lengths in found if p["length"] not in lengths]
    assert 0.01 < len(near) / len(found) < 0.08
    exact = {str(song["artist_name"]) for song in sample.songs}
    by_known = [
        p
        for p, lengths in durations_of(sample)
        if not lengths and repaired(p["artist"]) in exact
    ]
    assert by_known, "an artist that is known, a song that is not"


def test_some_plays_could_be_either_of_two_songs(sample: Sample) -> None:
    twins = [(p, found) for p, found in durations_of(sample) if len(found) > 1]
    assert len(twins) >= 20
    assert all(len(set(found)) == len(found) for _, found in twins)


def test_times_repeat_and_sessions_cross_midnight(sample: Sample) -> None:
    times = Counter(event["ts"] for event in sample.events)
    assert 10 < len(sample.events) - len(times) < 200
    days = defaultdict(set)
    for event in sample.events:
        days[event["sessionId"]].add(event["ts"] // 86_400_000)
    assert sum(len(found) > 1 for found in days.values()) >= 5
    assert max(len(found) for found in days.values()) == 2


def test_days_hours_and_songs_have_their_peaks(sample: Sample) -> None:
    moments = [datetime.fromtimestamp(e["ts"] / 1000, UTC) for e in sample.events]
    hours = Counter(moment.hour for moment in moments)
    weekdays = Counter(moment.weekday() for moment in moments)
    assert sum(hours[h] for h in range(14, 19)) > 2.5 * sum(hours[h] for h in range(5))
    assert weekdays[2] > 1.5 * weekdays[6]
    songs = Counter((play["artist"], play["song"]) for play in sample.plays)
    top = sum(count for _, count in songs.most_common(100))
    assert 0.2 < top / len(sample.plays) < 0.6
    assert len(songs) > 1000


def test_agents_and_places_are_of_the_real_shape(sample: Sample) -> None:
    agents = {e["userAgent"] for e in sample.events if e["userAgent"]}
    assert 8 <= len(agents) <= 15
    assert any(agent.startswith('"Mozilla/5.0 (') for agent in agents)
    assert any(agent.startswith("Mozilla/5.0 (") for agent in agents)
    places = {e["location"] for e in sample.events if e["location"]}
    assert all(re.search(r", [A-Z]{2}(-[A-Z]{2})*$", place) for place in places)


# Traps of the songs


def test_song_files_have_numbers_where_text_should_be(sample: Sample) -> None:
    for key in ("title", "artist_name", "artist_location"):
        bare = [song for song in sample.songs if type(song[key]) in (int, float)]
        assert 1 <= len(bare) < 0.05 * len(sample.songs), key
    assert any(type(song["title"]) is float for song in sample.songs)
    numbers = {str(s["title"]) for s in sample.songs if not isinstance(s["title"], str)}
    assert numbers & {play["song"] for play in sample.plays}, "text in the logs"


def test_control_characters_stand_for_apostrophes(sample: Sample) -> None:
    odd = [s for s in sample.songs if re.search("[\x18\x19]", str(s["title"]))]
    assert 0.005 < share(odd, sample.songs) < 0.06
    assert any("\x18" in song["title"] for song in odd)
    assert any("\x19" in str(song["artist_name"]) for song in sample.songs)
    assert any("\x19" in play["song"] for play in sample.plays)


def test_places_of_artists_are_as_bad_as_the_real_ones(sample: Sample) -> None:
    songs, places = sample.songs, [song["artist_location"] for song in sample.songs]
    unknown = [song for song in songs if song["artist_latitude"] is None]
    assert 0.5 < share(unknown, songs) < 0.8
    assert all(
        (s["artist_latitude"] is None) == (s["artist_longitude"] is None) for s in songs
    )
    assert 0.3 < places.count("") / len(songs) < 0.6
    assert 1 <= places.count(None) < 0.05 * len(songs)
    texts = [place for place in places if isinstance(place, str)]
    for trap in ("\ufffd", "<a href="):
        assert 1 <= sum(trap in text for text in texts) < 0.08 * len(songs), trap
    assert 1 <= sum(text != text.strip() for text in texts) < 0.08 * len(songs)
    titles = [str(song["title"]) for song in songs]
    assert 1 <= sum(text != text.strip() for text in titles) < 0.05 * len(songs)
    assert 0.25 < sum(song["year"] == 0 for song in songs) / len(songs) < 0.4


def test_artists_are_not_one_row_an_id(sample: Sample) -> None:
    names, places, ids = defaultdict(set), defaultdict(set), defaultdict(set)
    for song in sample.songs:
        names[song["artist_id"]].add(song["artist_name"])
        places[song["artist_id"]].add(song["artist_location"])
        ids[song["artist_name"]].add(song["artist_id"])
    assert 0.02 < sum(len(n) > 1 for n in names.values()) / len(names) < 0.2
    assert 1 <= sum(len(p) > 1 for p in places.values()) < 0.1 * len(places)
    assert 1 <= sum(len(i) > 1 for i in ids.values()) < 0.1 * len(ids)
    twins = [found for found in by_pair(sample.songs).values() if len(found) > 1]
    assert 5 <= len(twins) <= 20


# What stands in OUT already


def test_a_folder_of_its_own_is_replaced(tmp_path: Path) -> None:
    out = tmp_path / "out"
    small = ("--days", 2, "--events", 100, "--users", 5, "--songs", 5)
    make("--days", 3, "--events", 100, "--users", 5, "--songs", 9, out)
    assert make(*small, out).returncode == 0
    make(*small, tmp_path / "fresh")
    assert digest(out) == digest(tmp_path / "fresh")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["fresh", "out"]


@pytest.mark.parametrize("where", ["mine.txt", "log_data/2018/11/mine.json"])
def test_files_of_others_are_never_removed(tmp_path: Path, where: str) -> None:
    out = tmp_path / "out"
    make("--events", 300, "--users", 5, "--songs", 5, out)
    (out / where).write_text("mine")
    before = digest(out)
    done = make(out)
    assert done.returncode == 3
    assert done.stderr == (
        f"error: {out}: holds files that sample_data.py did not make; "
        "name a new or an empty folder\n"
    )
    assert digest(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_file_is_refused_and_an_empty_folder_taken(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("mine")
    (tmp_path / "empty").mkdir()
    done = make(tmp_path / "file")
    assert done.returncode == 3
    assert done.stderr == f"error: {tmp_path / 'file'}: is a file; name a folder\n"
    assert (
        make("--events", 300, "--users", 5, "--songs", 5, tmp_path / "empty").returncode
        == 0
    )


def test_what_cannot_come_out_is_refused(tmp_path: Path) -> None:
    for words in (("--events", 99, "--users", 5), ("--events", 9999, "--users", 5)):
        done = make(*words, tmp_path / "out")
        assert done.returncode == 3
        assert done.stderr == (
            f"error: --events {words[1]}: 5 users have 300 to 9000 in 30 days; "
            "give other --events, --users or --days\n"
        )
    assert make("--events", 0, tmp_path / "out").returncode == 2
    assert not list(tmp_path.iterdir())


def test_a_killed_run_leaves_no_half_and_the_next_clears_it(tmp_path: Path) -> None:
    out = tmp_path / "out"
    make("--events", 300, "--users", 5, "--songs", 5, out)
    before = digest(out)
    words = [
        sys.executable,
        str(SCRIPT),
        "--songs",
        "5",
        "--events",
        "5000000",
        str(out),
    ]
    with subprocess.Popen(words) as run:
        while not list((tmp_path / ".out.new").glob("log_data/*/*/*-02-*")):
            assert run.poll() is None
        busy = make("--songs", 5, out)
        run.kill()
    assert busy.returncode == 3
    assert busy.stderr == (
        f"error: {out}: another run is making it; wait for its end\n"
    )
    assert digest(out) == before
    assert make("--events", 300, "--users", 5, "--songs", 5, out).returncode == 0
    assert digest(out) == before
    assert [path.name for path in tmp_path.iterdir()] == ["out"]


def test_a_folder_that_cannot_be_written_is_one_line(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    done = make(tmp_path / "file" / "out")
    assert done.returncode == 1
    assert done.stderr.count("\n") == 1
    assert done.stderr.startswith(f"error: {tmp_path / 'file'}")
