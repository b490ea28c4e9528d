"""Sample data has the traps of the real data, so that a clone tests all of them."""

import re
from collections import defaultdict
from collections.abc import Iterable
from typing import Any

from support.sample import Row, Sample


def repaired(text: str) -> str:
    """A text of the logs, whose bytes were decoded twice."""
    for _ in range(2):
        text = text.encode("latin-1").decode("utf-8")
    return text


def sets(pairs: Iterable[tuple[Any, Any]]) -> list[set[Any]]:
    """The different second values of each first one."""
    found = defaultdict(set)
    for key, value in pairs:
        found[key].add(value)
    return list(found.values())


def test_the_logs_have_the_traps_of_the_real_ones(sample: Sample) -> None:
    events, plays = sample.events, sample.plays
    broken = [p for p in plays if not (p["song"] + p["artist"]).isascii()]
    assert 0.02 < len(broken) / len(plays) < 0.15
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
    users = sets((event["sessionId"], event["userId"]) for event in events)
    assert {""} in users
    assert max(map(len, users)) == 2, "a session with a user and without"
    days = sets((event["sessionId"], event["ts"] // 86_400_000) for event in events)
    assert max(map(len, days)) == 2, "a session over midnight"
    listeners = {event["userId"] for event in events} - {""}
    assert len(listeners - {play["userId"] for play in plays}) == 1, "never plays"
    assert len({event["ts"] for event in events}) < len(events), "at one moment"


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
        if not spells[user] or spells[user][-1] != event["level"]:
            spells[user].append(event["level"])
        last[user] = event
    for levels in (["paid", "free", "paid"], ["free", "paid"], ["paid", "free"]):
        assert levels in spells.values()


def test_plays_find_songs_as_the_real_ones_do(sample: Sample) -> None:
    songs: dict[tuple[str, str], list[float]] = defaultdict(list)
    for song in sample.songs:  # numbers are read as the text that they are
        songs[str(song["title"]), str(song["artist_name"])].append(song["duration"])
    artists = {artist for _, artist in songs}
    kinds: dict[str, int] = defaultdict(int)
    for play in sample.plays:
        title, artist = repaired(play["song"]), repaired(play["artist"])
        lengths = songs.get((title, artist), [])
        kinds["in the catalogue"] += bool(lengths)
        kinds["with another length"] += bool(lengths) and play["length"] not in lengths
        kinds["one of several"] += len(lengths) > 1
        kinds["only repaired"] += bool(lengths) and title != play["song"]
        kinds["the artist alone"] += not lengths and artist in artists
    assert 0.55 < kinds["in the catalogue"] / len(sample.plays) < 0.65
    assert {kind for kind, plays in kinds.items() if plays < 20} == set()


def test_the_songs_have_the_traps_of_the_real_ones(sample: Sample) -> None:
    songs = sample.songs
    places = [song["artist_location"] for song in songs]
    texts = [place for place in places if isinstance(place, str)]
    titles = [song["title"] for song in songs]
    everything = " ".join(f"{song['title']} {song['artist_name']}" for song in songs)
    assert "Ã" not in everything, "decoded once"
    for letters in ("\x18", "\x19", "[éöñøł]", "[\u3040-\u9fff]"):
        assert re.search(letters, everything)
    played = {play["song"] for play in sample.plays}
    assert any(str(title) in played for title in titles if not isinstance(title, str))
    assert any("\x19" in title for title in played)
    for key in ("title", "artist_name", "artist_location"):
        assert any(type(song[key]) in (int, float) for song in songs), "a number"
    assert any(type(title) is float for title in titles)
    unknown = [song for song in songs if song["artist_latitude"] is None]
    assert unknown == [song for song in songs if song["artist_longitude"] is None]
    assert 0 < len(unknown) < len(songs)
    assert {None, ""} <= {*places}
    for trap in ("\ufffd", "<a href="):
        assert any(trap in text for text in texts)
    for some in (texts, [str(title) for title in titles]):
        assert any(text != text.strip() for text in some)
    assert any(not song["year"] for song in songs)
    for one, of in (
        ("artist_id", "artist_name"),
        ("artist_id", "artist_location"),
        ("artist_name", "artist_id"),
    ):
        found = sets((song[one], song[of]) for song in songs)
        assert max(map(len, found)) > 1, f"several {of} of one {one}"
