"""The sample's catalogue: artists, song files, and what can be played.

Only `Random.random()`, sums, products and quotients make the choices, since Python
promises no more of its generators across versions.
"""

import json
import random
from bisect import bisect
from collections.abc import Iterator, Sequence
from itertools import accumulate
from typing import Any

from sample import words

IN_CATALOGUE = 0.6  # of the plays; 0.05 in the real data, too few for lively charts
# Artist, length and song as JSON, and whole seconds: what a play writes.
Track = tuple[str, str, str, int]
# A track, how popular it is, and the track id and content of its file, if any.
Song = tuple[Track, float, str, str]
# An artist's id, all names that its songs give it, and all locations with coordinates.
Artist = tuple[str, list[str], list[tuple[str | None, float | None, float | None]]]


def compact(value: Any) -> str:
    """JSON as the real files have it: ASCII only, no blanks, slashes escaped."""
    return json.dumps(value, separators=(",", ":")).replace("/", "\\/")


def pick(rng: random.Random, items: Sequence[Any]) -> Any:
    """One of the items, each as likely as the others."""
    return items[int(rng.random() * len(items))]


def make_id(rng: random.Random, prefix: str, middle: str, number: int) -> str:
    """Random letters and scattered digits: an odd factor never gives two the same."""
    letters = "".join(pick(rng, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(5))
    return f"{prefix}{letters}{middle}{number * 40503 % 16**7:07X}"


def two_words(number: int, first: list[str], second: list[str]) -> str:
    """Two words, others for each number; a numeral follows when they run out."""
    turn, number = divmod(number, len(first) * len(second))
    at = number * 7919 % (len(first) * len(second))  # the prime scatters them
    text = f"{first[at % len(first)]} {second[at // len(first)]}"
    return f"{text} {turn + 1}" if turn else text


def as_number(text: str | None) -> Any:
    """What looks like a number is one: the song files' trap."""
    return json.loads(text) if text and text.replace(".", "", 1).isdigit() else text


def make_artist(rng: random.Random, number: int) -> Artist:
    """The artist of that number; every so many have a trap."""
    name = two_words(number, words.FIRST_NAMES, words.NOUNS)
    if number % 50 == 17:
        name = str(101 + number)
    elif number % 60 == 31:
        name = f"O\x19{name}"
    elif number % 20 == 3:
        name = two_words(number // 20, words.ACCENTED, words.NOUNS)
    home, latitude, longitude = pick(rng, words.LOCATIONS)
    if rng.random() < 0.64:
        latitude = longitude = None
    spoilt = {
        27: home.replace("o", "\ufffd").replace("a", "\ufffd"),
        46: f'<a href="http://example.com/{number}" rel="nofollow">{home}</a>',
        58: f" {home} ",
        66: str(100 + number),
    }
    text = spoilt.get(number % 80, "" if rng.random() < 0.45 else home)
    names: list[str] = [name]
    locations = [(text, latitude, longitude)]
    if number % 8 == 4:
        names.append(f"{name} feat. {pick(rng, words.FIRST_NAMES)}")
    if number % 25 == 2:
        locations += [(f"{home}, Earth", latitude, longitude), (None, None, None)]
    return make_id(rng, "AR", "1187B", number), names, locations


def make_title(number: int) -> str:
    """The title of that number; every so many have a trap."""
    title = two_words(number, words.ADJECTIVES, words.NOUNS)
    traps = {
        8: f"{1 + number % 97}",
        12: f"{title} ",
        30: title.replace(" ", " \x18n\x19 ", 1),
        46: f"Don\x19t {title}",
        68: f"{1 + number}.5",
    }
    if number % 25 == 1:
        title = two_words(number // 25, words.ACCENTED, words.NOUNS)
    return traps.get(number % 120, title)


def make_duration(rng: random.Random) -> int:
    """Hundred-thousandths of a second: one to seven minutes, mostly four."""
    # No sum(): from Python 3.12 on it rounds otherwise.
    bell = rng.random() + rng.random() + rng.random() + rng.random()
    return int((0.6 + bell) * 9_000_000)


def as_track(artist: str, title: str, duration: int) -> Track:
    """As the logs write it: UTF-8 taken for Latin-1, twice, is their trap."""
    for _ in range(2):
        artist = artist.encode("utf-8").decode("latin-1")
        title = title.encode("utf-8").decode("latin-1")
    length = repr(duration / 100_000)
    return compact(artist), length, compact(title), duration // 100_000


def make_songs(rng: random.Random, songs: int) -> Iterator[Song]:
    """The catalogue, the most popular first; then songs that it does not have."""
    artists = [make_artist(rng, number) for number in range(2 + songs * 3 // 10)]
    for number in range(20, len(artists), 30):  # a name that two ids share
        artists[number][1][:] = artists[number - 7][1][:1]
    busy = list(accumulate(1 / (n + len(artists) / 10) for n in range(len(artists))))
    total, duration = 0.0, 0
    for number in range(songs):
        if number % 90 == 20:  # a twin: only the duration distinguishes the two
            duration += 500_000 + int(rng.random() * 6_000_000)
        else:
            artist_id, names, places = artists[bisect(busy, rng.random() * busy[-1])]
            name = names[int(rng.random() * 1.4) % len(names)]
            title, duration = make_title(number), make_duration(rng)
        location, latitude, longitude = pick(rng, places)
        content = {
            "artist_id": artist_id,
            "artist_latitude": latitude,
            "artist_location": as_number(location),
            "artist_longitude": longitude,
            "artist_name": as_number(name),
            "duration": duration / 100_000,
            "num_songs": 1,
            "song_id": make_id(rng, "SO", "12AB", number),
            "title": as_number(title),
            "year": 0 if rng.random() < 0.32 else 2010 - int(52 * rng.random()),
        }
        weight, track_id = 1 / (number + 12), make_id(rng, "TR", "128F", number)
        total += weight
        yield as_track(name, title, duration), weight, track_id, compact(content)
        if number % 12 == 3:  # another cut, which has no file
            cut = duration + 13_000 + int(rng.random() * 300_000)
            yield as_track(name, title, cut), weight / 2, "", ""
    strange = min(2 * songs, 20_000)
    *_, rest = accumulate(1 / (number + 40) for number in range(strange))
    share = total * (1 / IN_CATALOGUE - 1) / rest
    for number in range(strange):
        # Some are by artists that the catalogue has: a name alone is no match.
        name = two_words(len(artists) + number // 3, words.FIRST_NAMES, words.NOUNS)
        if number % 3 == 0:
            name = artists[bisect(busy, rng.random() * busy[-1])][1][0]
        track = as_track(name, make_title(songs + number), make_duration(rng))
        yield track, share / (number + 40), "", ""
