"""Sample data has the traps and the shape of the real data."""

import re
from collections import Counter, defaultdict
from datetime import UTC, datetime

from support.sample import Row, Sample


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
    found = sum(1 for _, found in durations_of(sample) if found)
    assert found > 1.02 * as_it_comes


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
