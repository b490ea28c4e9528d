"""The sample's catalogue: artists, song files, and what can be played.

Only `Random.random()`, sums, products and quotients make the choices, since Python
promises no more of its generators across versions.
"""

import json
import random
import re
from bisect import bisect
from collections.abc import Callable, Iterator, Sequence
from itertools import accumulate
from typing import NamedTuple

from sample.words import (
    ACCENTED_ARTISTS,
    ACCENTED_TITLES,
    ADJECTIVES,
    FIRST_NAMES,
    LAST_NAMES,
    NOUNS,
    PLACES,
    SUFFIXES,
    VERBS,
)

LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
IN_CATALOGUE = 0.6  # of the plays; 0.05 in the real data, too few for lively charts


class Artist(NamedTuple):
    """One artist id, with all names and places that its songs give it."""

    artist_id: str
    names: tuple[str, ...]
    places: tuple[tuple[str | None, str, str], ...]  # location, latitude, longitude


class Track(NamedTuple):
    """What a play writes: artist, length and song as JSON, and whole seconds."""

    artist: str
    length: str
    song: str
    seconds: int


class Song(NamedTuple):
    """A track id with its file's text, both "" if there is no file, and how to play."""

    track_id: str
    text: str
    track: Track
    weight: float


class Roster(NamedTuple):
    """The catalogue's artists, how popular they are in all, and what is taken."""

    artists: list[Artist]
    weights: list[float]
    taken: set[str]  # artist names
    pairs: set[str]  # artist names with titles


class Plays(NamedTuple):
    """All that can be played, and the running total of how popular each is."""

    tracks: list[Track]
    weights: list[float]


def quoted(text: str | None) -> str:
    """JSON as the real files have it: ASCII only, slashes escaped."""
    return json.dumps(text).replace("/", "\\/")


def bare(text: str | None) -> str:
    """Like `quoted`, but what looks like a number is one: the song files' trap."""
    number = text and re.fullmatch(r"[1-9]\d*(\.\d*[1-9])?", text)
    return text if text and number else quoted(text)


def twice_decoded(text: str) -> str:
    """UTF-8 taken for Latin-1, twice: the logs' trap."""
    for _ in range(2):
        text = text.encode("utf-8").decode("latin-1")
    return text


def pick(rng: random.Random, items: Sequence[str]) -> str:
    """One of the items, each as likely as the others."""
    return items[int(rng.random() * len(items))]


def letters(rng: random.Random, count: int) -> str:
    return "".join(pick(rng, LETTERS) for _ in range(count))


def unique_hex(number: int, digits: int) -> str:
    """Scattered, yet no two are the same: an odd factor modulo a power of two."""
    return f"{number * 2654435761 % 16**digits:0{digits}X}"


def fresh(taken: set[str], make: Callable[[], str]) -> str:
    """A text that is not taken yet; a number is added when the words run out."""
    for _ in range(8):
        text = make()
        if text not in taken:
            break
    else:
        text = f"{text} No. {len(taken)}"
    taken.add(text)
    return text


def make_artist(rng: random.Random, number: int, taken: set[str]) -> Artist:
    """The artist of that number; every so many have a trap."""

    def name() -> str:
        if rng.random() < 0.05:
            return pick(rng, ACCENTED_ARTISTS)
        adjective, noun = pick(rng, ADJECTIVES), pick(rng, NOUNS)
        shape = int(rng.random() * 4)
        place = pick(rng, PLACES).split(",")[0]
        return (
            f"{adjective} {noun}",
            f"{adjective} {noun}s",
            f"{pick(rng, FIRST_NAMES)} & the {noun}s",
            f"{noun} of {place}",
        )[shape]

    first = fresh(taken, name)
    if number % 50 == 17:
        first = fresh(taken, lambda: str(101 + int(rng.random() * 9000)))
    elif number % 60 == 31:
        first = fresh(taken, lambda: f"{pick(rng, FIRST_NAMES)} O\x19{first}")
    names = [first]
    if number % 12 == 4:
        names.append(f"{first} feat. {pick(rng, FIRST_NAMES)} {pick(rng, LAST_NAMES)}")
    elif number % 12 == 9:
        other = first.replace("&", "and")
        names.append(
            other if other != first else f"The {first}".replace("The The ", "")
        )
    home, latitude, longitude = pick(rng, PLACES).rsplit("|", 2)
    if rng.random() < 0.64:
        latitude = longitude = "null"
    web = f"http://example.com/{number}"
    spoilt = {
        27: home.replace("o", "\ufffd").replace("a", "\ufffd"),
        46: f'<a href="{web}" target="_blank" rel="nofollow">{web}</a>',
        58: f" {home} ",
        66: str(100 + number),
    }
    text: str | None = "" if rng.random() < 0.45 else home
    text = spoilt.get(number % 80, text)
    places = [(text, latitude, longitude)]
    if number % 25 == 2:
        places += [(home.split(",")[0], latitude, longitude), (None, "null", "null")]
    artist_id = f"AR{letters(rng, 5)}1187B{unique_hex(number, 6)}"
    return Artist(artist_id, tuple(names), tuple(places))


def make_title(rng: random.Random, number: int) -> str:
    """A title; every so many, by the number, have a trap."""
    adjective, noun = pick(rng, ADJECTIVES), pick(rng, NOUNS)
    if number % 60 == 8:
        whole = number % 120 == 8
        return f"{1 + number % 97}" if whole else f"{1 + number % 7}.{1 + number % 9}"
    if number % 80 == 46:
        return f"Don\x19t {pick(rng, VERBS)} the {noun}"
    if number % 120 == 30:
        return f"{adjective} \x18n\x19 {pick(rng, ADJECTIVES)}"
    if rng.random() < 0.04:
        title = pick(rng, ACCENTED_TITLES)
    else:
        title = (
            f"{adjective} {noun}",
            f"{pick(rng, VERBS)} the {noun}",
            f"{noun} and {pick(rng, NOUNS)}",
            f"{pick(rng, VERBS)} Me a {adjective} {noun}",
            f"My {noun} Is {adjective}",
        )[int(rng.random() * 5)]
    if rng.random() < 0.12:
        title = f"{title} {pick(rng, SUFFIXES)}"
    return f"{title} " if number % 70 == 12 else title


def fresh_title(rng: random.Random, number: int, name: str, roster: Roster) -> str:
    """A title that no song of that artist name has."""
    pair = fresh(roster.pairs, lambda: f"{name}\n{make_title(rng, number)}")
    return pair.partition("\n")[2]


def make_duration(rng: random.Random) -> int:
    """Hundred-thousandths of a second: one to seven minutes, mostly four."""
    # No sum(): from Python 3.12 on it rounds otherwise.
    bell = rng.random() + rng.random() + rng.random() + rng.random()
    return int((0.6 + bell) * 9_000_000)


def as_track(artist: str, title: str, duration: int) -> Track:
    return Track(
        quoted(twice_decoded(artist)),
        repr(duration / 100_000),
        quoted(twice_decoded(title)),
        duration // 100_000,
    )


def make_roster(rng: random.Random, count: int) -> Roster:
    taken: set[str] = set()
    artists = [make_artist(rng, number, taken) for number in range(count)]
    for number in range(20, count, 30):  # a name that two ids share
        twin = artists[number - 7]
        artists[number] = artists[number]._replace(names=twin.names[:1])
    weights = accumulate(1 / (number + count / 10) for number in range(count))
    return Roster(artists, list(weights), taken, set())


def pick_artist(rng: random.Random, roster: Roster) -> Artist:
    return roster.artists[bisect(roster.weights, rng.random() * roster.weights[-1])]


def song_file(
    rng: random.Random, number: int, artist: Artist, head: str, tail: str
) -> tuple[str, str]:
    """Track id and text; `head` and `tail` are what stands around `num_songs`."""
    place, latitude, longitude = artist.places[int(rng.random() * len(artist.places))]
    age = int(52 * rng.random() * rng.random())
    year = 0 if rng.random() < 0.32 else 2010 - age
    hexes = unique_hex(number, 7)
    # One letter for the first folder, as in the real data, until that is too full.
    top = pick(rng, LETTERS[: min(26, 1 + number // 15_000)])
    text = (
        f'{{"artist_id":"{artist.artist_id}","artist_latitude":{latitude},'
        f'"artist_location":{bare(place)},"artist_longitude":{longitude},{head}'
        f',"num_songs":1,"song_id":"SO{letters(rng, 5)}12AB{hexes}",{tail}'
        f',"year":{year}}}'
    )
    return f"TR{top}{letters(rng, 4)}128F{hexes}", text


def make_catalogue(rng: random.Random, songs: int, roster: Roster) -> Iterator[Song]:
    """The songs, the most popular first; after some, another cut without a file."""
    duration, name, title = 0, "", ""
    artist = roster.artists[0]
    for number in range(songs):
        if number % 90 == 20:  # a twin: nothing but the duration tells the two apart
            duration += 500_000 + int(rng.random() * 6_000_000)
        else:
            artist = pick_artist(rng, roster)
            name = artist.names[int(rng.random() * 1.4) % len(artist.names)]
            title = fresh_title(rng, number, name, roster)
            duration = make_duration(rng)
        head = f'"artist_name":{bare(name)},"duration":{duration / 100_000!r}'
        track_id, text = song_file(rng, number, artist, head, f'"title":{bare(title)}')
        weight = 1 / (number + 12)
        yield Song(track_id, text, as_track(name, title, duration), weight)
        if number % 12 == 3:
            cut = duration + 13_000 + int(rng.random() * 300_000)
            yield Song("", "", as_track(name, title, cut), weight / 2)


def make_songs(rng: random.Random, songs: int) -> Iterator[Song]:
    """The catalogue, and behind it songs without a file, that it does not have."""
    roster = make_roster(rng, 2 + songs * 3 // 10)
    known = 0.0
    for song in make_catalogue(rng, songs, roster):
        known += song.weight
        yield song
    strange = min(2 * songs, 20_000)
    *_, total = accumulate(1 / (number + 40) for number in range(strange))
    for number in range(strange):
        # Some are by artists that the catalogue has: a name alone is no match.
        if rng.random() < 0.3:
            name = pick_artist(rng, roster).names[0]
        else:
            name = make_artist(rng, number // 3, roster.taken).names[0]
        title = fresh_title(rng, number, name, roster)
        weight = known * (1 / IN_CATALOGUE - 1) / total / (number + 40)
        yield Song("", "", as_track(name, title, make_duration(rng)), weight)
