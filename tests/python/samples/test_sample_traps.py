"""Sample data has the traps and the shape of the real data."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from support.sample import Row, Sample

Share = tuple[float, list[Any], list[Any], float]


def repaired(text: str) -> str:
    """A text of the logs, whose bytes were decoded twice."""
    for _ in range(2):
        text = text.encode("latin-1").decode("utf-8")
    return text


def durations(songs: list[Row]) -> dict[tuple[str, str], list[float]]:
    """Those of every title and artist name, numbers read as the text they are."""
    pairs = defaultdict(list)
    for song in songs:
        pairs[str(song["title"]), str(song["artist_name"])].append(song["duration"])
    return pairs


def sets(pairs: Iterable[tuple[Any, Any]]) -> list[set[Any]]:
    """The different second values of each first one."""
    found = defaultdict(set)
    for key, value in pairs:
        found[key].add(value)
    return list(found.values())


def check(shares: dict[str, Share]) -> None:
    """Each part is more and less than some shares of a whole."""
    found = {name: len(part) / len(of) for name, (_, part, of, _) in shares.items()}
    for name, (low, _, _, high) in shares.items():
        assert low < found[name] < high, name


def test_the_logs_have_the_traps_of_the_real_ones(sample: Sample) -> None:
    events, plays = sample.events, sample.plays
    broken = [p for p in plays if not (p["song"] + p["artist"]).isascii()]
    for play in broken:
        assert "Ã" in play["song"] + play["artist"]
        repaired(play["song"] + play["artist"])
    blank = [event for event in events if event["userId"] == ""]
    assert {event["page"] for event in blank} == {"Home", "Login", "About", "Help"}
    gone = ("registration", "firstName", "lastName", "gender", "location", "userAgent")
    named = ("artist", "song", "length")
    for event in events:
        assert {event[key] is None for key in gone} == {event["userId"] == ""}
        assert (event["auth"] == "Logged Out") == (event["userId"] == "")
        is_other = event["page"] != "NextSong"
        assert {event[key] is None for key in named} == {is_other}
    put = ["Login", "Logout", "Save Settings", "Submit Upgrade", "Submit Downgrade"]
    get = ["Home", "Downgrade", "Settings", "Help", "About", "Upgrade"]
    assert {(event["page"], event["method"], event["status"]) for event in events} == {
        ("NextSong", "PUT", 200),
        ("Error", "GET", 404),
        *((page, "PUT", 307) for page in put),
        *((page, "GET", 200) for page in get),
    }
    users = sets((event["sessionId"], event["userId"]) for event in events)
    days = sets((event["sessionId"], event["ts"] // 86_400_000) for event in events)
    listeners = {event["userId"] for event in events} - {""}
    assert len(listeners - {play["userId"] for play in plays}) == 1, "never plays"
    assert any(found == {""} for found in users)
    assert max(map(len, days)) == 2
    check(
        {
            "plays": (0.8, plays, events, 0.9),
            "decoded twice": (0.02, broken, plays, 0.15),
            "without a user": (0.02, blank, events, 0.06),
            "a user and none": (0.05, [s for s in users if len(s) > 1], users, 0.25),
            "cross midnight": (0.004, [s for s in days if len(s) > 1], days, 0.1),
            "other moments": (
                0.97,
                [*{event["ts"] for event in events}],
                events,
                0.999,
            ),
        }
    )
    agents = {event["userAgent"] for event in events} - {None}
    assert 8 <= len(agents) <= 15
    assert {agent.split("/")[0] for agent in agents} == {"Mozilla", '"Mozilla'}
    places = {event["location"] for event in events} - {None}
    assert all(re.search(r", [A-Z]{2}(-[A-Z]{2})*$", place) for place in places)


def test_levels_change_on_their_pages(sample: Sample) -> None:
    spells: dict[str, list[str]] = defaultdict(list)
    last: dict[str, Row] = {}
    submits = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}
    for event in sample.events:
        if not (user := event["userId"]):
            continue
        if user in last:
            before = last[user]
            assert event["level"] == submits.get(before["page"], before["level"])
            assert (before["page"] in submits) == (event["level"] != before["level"])
        if not spells[user] or spells[user][-1] != event["level"]:
            spells[user].append(event["level"])
        last[user] = event
    for levels in (["paid", "free", "paid"], ["free", "paid"], ["paid", "free"]):
        assert levels in spells.values()
    changed = [found for found in spells.values() if len(found) > 1]
    check({"changed": (0.05, changed, [*spells], 0.2)})


def test_plays_find_songs_as_the_real_ones_do(sample: Sample) -> None:
    pairs = durations(sample.songs)
    matches = [
        (play, pairs.get((repaired(play["song"]), repaired(play["artist"])), []))
        for play in sample.plays
    ]
    found = [(play, lengths) for play, lengths in matches if lengths]
    near = [play for play, lengths in found if play["length"] not in lengths]
    as_it_comes = [p for p in sample.plays if (p["song"], p["artist"]) in pairs]
    either = [lengths for _, lengths in found if len(lengths) > 1]
    assert len(either) >= 20
    assert all(len({*lengths}) == len(lengths) for lengths in either)
    assert 5 <= sum(len(lengths) > 1 for lengths in pairs.values()) <= 20
    artists = {str(song["artist_name"]) for song in sample.songs}
    assert any(
        repaired(p["artist"]) in artists for p, lengths in matches if not lengths
    )
    check(
        {
            "in the catalogue": (0.55, found, matches, 0.65),
            "with another duration": (0.01, near, found, 0.08),
            "without repair": (0.5, as_it_comes, found, 0.98),
        }
    )


def test_the_songs_have_the_traps_of_the_real_ones(sample: Sample) -> None:
    songs = sample.songs
    places = [song["artist_location"] for song in songs]
    titles = [str(song["title"]) for song in songs]
    texts = [place for place in places if isinstance(place, str)]
    apostrophes = [title for title in titles if re.search("[\x18\x19]", title)]
    numbers = {
        key: [song[key] for song in songs if type(song[key]) in (int, float)]
        for key in ("title", "artist_name", "artist_location")
    }
    played = {play["song"] for play in sample.plays}
    assert {str(number) for number in numbers["title"]} & played, "text in the logs"
    assert any(type(number) is float for number in numbers["title"])
    assert any("\x18" in title for title in apostrophes)
    assert any("\x19" in str(song["artist_name"]) for song in songs)
    assert any("\x19" in title for title in played)
    everything = " ".join(f"{song['title']} {song['artist_name']}" for song in songs)
    assert "Ã" not in everything, "decoded once"
    assert re.search(r"[éöñøł]", everything)
    assert re.search(r"[\u3040-\u9fff]", everything)
    unknown = [song for song in songs if song["artist_latitude"] is None]
    assert unknown == [song for song in songs if song["artist_longitude"] is None]
    names = sets((song["artist_id"], song["artist_name"]) for song in songs)
    located = sets((song["artist_id"], song["artist_location"]) for song in songs)
    shared = sets((song["artist_name"], song["artist_id"]) for song in songs)
    check(
        {
            **{f"number as {key}": (0, of, songs, 0.05) for key, of in numbers.items()},
            "apostrophes": (0.005, apostrophes, songs, 0.06),
            "no coordinates": (0.5, unknown, songs, 0.8),
            "empty locations": (0.3, [p for p in places if p == ""], songs, 0.6),
            "null locations": (0, [p for p in places if p is None], songs, 0.05),
            "U+FFFD": (0, [text for text in texts if "\ufffd" in text], songs, 0.08),
            "HTML": (0, [text for text in texts if "<a href=" in text], songs, 0.08),
            "blanks": (0, [t for t in texts if t != t.strip()], songs, 0.08),
            "blank titles": (0, [t for t in titles if t != t.strip()], songs, 0.05),
            "no year": (0.25, [song for song in songs if not song["year"]], songs, 0.4),
            "several names": (0.02, [n for n in names if len(n) > 1], names, 0.2),
            "several places": (0, [p for p in located if len(p) > 1], located, 0.1),
            "shared names": (0, [ids for ids in shared if len(ids) > 1], shared, 0.1),
        }
    )
