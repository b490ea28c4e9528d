"""Make sample data in the shape, and with the traps, of the real logs and songs.

Everything is invented, and depends on the options alone: the same options give the
same bytes on every machine. Only `Random.random()`, sums, products and quotients are
used, since Python promises no more of its generators across versions.
"""

import fcntl
import heapq
import json
import os
import random
import re
import shutil
from bisect import bisect
from collections.abc import Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import accumulate, groupby
from pathlib import Path
from typing import NamedTuple

import click
from errors import Refused, WarehouseError
from sample_words import (
    ACCENTED_ARTISTS,
    ACCENTED_TITLES,
    ADJECTIVES,
    AGENTS,
    FIRST_NAMES,
    LAST_NAMES,
    METROS,
    NOUNS,
    PLACES,
    SUFFIXES,
    VERBS,
)

START = datetime(2018, 11, 1, tzinfo=UTC)
DAY = 86_400  # seconds
MILLIS = "373"  # one for all, as in the real logs: plays of one second share a ts
LONGEST = 600  # seconds: no song and no pause is longer
BUSIEST = 60  # events a user can have a day, on average, and still find time
SPARSEST = 10  # events a day, and a user, that make sure that none is left out
HOURS = "8 9 7 6 7 9 10 10 11 14 16 17 16 18 22 25 27 25 25 19 17 14 11 10".split()
WEEKDAYS = (1.1, 1.15, 1.35, 1.05, 1.2, 0.7, 0.5)  # Monday first
IN_CATALOGUE = 0.6  # of the plays; 0.05 in the real data, too few for lively charts
MARKER = "made_by.txt"

# What the server answers: method and status of every page but NextSong.
PAGES = {
    "Home": '"GET"|200',
    "Login": '"PUT"|307',
    "Logout": '"PUT"|307',
    "Downgrade": '"GET"|200',
    "Settings": '"GET"|200',
    "Help": '"GET"|200',
    "About": '"GET"|200',
    "Upgrade": '"GET"|200',
    "Save Settings": '"PUT"|307',
    "Error": '"GET"|404',
    "Submit Upgrade": '"PUT"|307',
    "Submit Downgrade": '"PUT"|307',
}
ASIDES = ("Home",) * 7 + ("Logout",) * 4 + ("Plan",) * 3 + ("Settings",) * 3
ASIDES = (*ASIDES, "Help", "Help", "About", "Error")
SUBMIT = {"paid": "Submit Upgrade", "free": "Submit Downgrade"}
LEVEL_AFTER = {"Submit Upgrade": "paid", "Submit Downgrade": "free"}


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


class Plays(NamedTuple):
    """All that can be played, and the running total of how popular each is."""

    tracks: list[Track]
    weights: list[float]


@dataclass(slots=True)
class User:
    """A listener: five pieces of JSON for the lines, the level and its changes to be.

    The pieces are what stands between the fields that change from event to event.
    """

    pieces: tuple[str, str, str, str, str]
    level: str
    plan: list[str]
    plays: bool = True


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
    return items[int(rng.random() * len(items))]


def letters(rng: random.Random, count: int) -> str:
    return "".join(pick(rng, "ABCDEFGHIJKLMNOPQRSTUVWXYZ") for _ in range(count))


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
        if rng.random() < 0.1:
            return pick(rng, ACCENTED_ARTISTS)
        adjective, noun = pick(rng, ADJECTIVES), pick(rng, NOUNS)
        shape = int(rng.random() * 4)
        place = pick(rng, PLACES).split(",")[0]
        return (
            f"{adjective} {noun}",
            f"The {adjective} {noun}s",
            f"{noun} & the {adjective}s",
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
    if number % 12 == 9 and "&" in first:
        names.append(first.replace("&", "and"))
    home, latitude, longitude = pick(rng, PLACES).rsplit("|", 2)
    if rng.random() < 0.64:
        latitude = longitude = "null"
    text: str | None = "" if rng.random() < 0.45 else home
    if number % 40 in (6, 7, 8, 26):
        web = f"http://example.com/{number}"
        text = {
            6: f'<a href="{web}" target="_blank" rel="nofollow">{web}</a>',
            7: home.replace("o", "\ufffd", 1).replace("a", "\ufffd", 1),
            8: f" {home} ",
            26: str(100 + number),
        }[number % 40]
    places = [(text, latitude, longitude)]
    if number % 25 == 2:
        places += [(home.split(",")[0], latitude, longitude), (None, "null", "null")]
    # A multiple of an odd number, modulo a power of two: no two are the same.
    hexes = f"{number * 2654435761 % 16**6:06X}"
    artist_id = f"AR{letters(rng, 5)}1187B{hexes}"
    return Artist(artist_id, tuple(names), tuple(places))


def make_title(rng: random.Random, number: int) -> str:
    """A title; every so many, by the number, have a trap."""
    adjective, noun = pick(rng, ADJECTIVES), pick(rng, NOUNS)
    if number % 60 == 8:
        return f"{1 + number % 97}" if number % 120 == 8 else f"{1 + number % 9}.6"
    if number % 40 == 6:
        return f"Don\x19t {pick(rng, VERBS)} the {noun}"
    if number % 120 == 30:
        return f"{adjective} \x18n\x19 {pick(rng, ADJECTIVES)}"
    if rng.random() < 0.06:
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


def make_duration(rng: random.Random) -> int:
    """Hundred-thousandths of a second: about four minutes, never `LONGEST`."""
    return int((0.6 + sum(rng.random() for _ in range(4))) * 9_000_000)


def as_track(artist: str, title: str, duration: int) -> Track:
    return Track(
        quoted(twice_decoded(artist)),
        repr(duration / 100_000),
        quoted(twice_decoded(title)),
        duration // 100_000,
    )


def make_songs(
    rng: random.Random, songs: int
) -> Iterator[tuple[str | None, str, Track, float]]:
    """Track id, file text, play and weight of every song, the most popular first.

    Behind the songs come plays without a file (track id None): songs that the
    catalogue does not have, and other cuts, of another duration, of some that it has.
    """
    taken: set[str] = set()
    artists = [make_artist(rng, n, taken) for n in range(2 + songs * 3 // 10)]
    for number in range(20, len(artists), 30):  # a name that several ids share
        twin = artists[number - 7]
        artists[number] = artists[number]._replace(names=twin.names[:1])
    by_rank = list(accumulate(1 / (n + len(artists) / 10) for n in range(len(artists))))
    pairs: set[str] = set()
    tops = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"[: min(26, 1 + songs // 15_000)]
    cuts: list[tuple[Track, float]] = []
    duration, name, title = 0, "", ""
    artist = artists[0]
    for number in range(songs):
        weight = 1 / (number + 12)
        if number % 90 == 20:  # a twin: nothing but the duration tells the two apart
            duration += 500_000 + int(rng.random() * 6_000_000)
        else:
            artist = artists[bisect(by_rank, rng.random() * by_rank[-1])]
            name = artist.names[int(rng.random() * 1.4) % len(artist.names)]
            title = fresh_title(rng, number, name, pairs)
            duration = make_duration(rng)
        place, latitude, longitude = artist.places[
            int(rng.random() * len(artist.places))
        ]
        year = 0 if rng.random() < 0.32 else 2010 - int(52 * rng.random() ** 2)
        hexes = f"{number * 2654435761 % 16**7:07X}"
        text = (
            f'{{"artist_id":"{artist.artist_id}","artist_latitude":{latitude},'
            f'"artist_location":{bare(place)},"artist_longitude":{longitude},'
            f'"artist_name":{bare(name)},"duration":{duration / 100_000!r},'
            f'"num_songs":1,"song_id":"SO{letters(rng, 5)}12AB{hexes}",'
            f'"title":{bare(title)},"year":{year}}}'
        )
        track_id = f"TR{pick(rng, tops)}{letters(rng, 4)}128F{hexes}"
        yield track_id, text, as_track(name, title, duration), weight
        if number % 12 == 3:
            cut = duration + 13_000 + int(rng.random() * 300_000)
            cuts.append((as_track(name, title, cut), weight / 2))
    yield from ((None, "", track, weight) for track, weight in cuts)
    outside = min(2 * songs, 20_000)
    known = sum(1 / (n + 12) for n in range(songs)) + sum(w for _, w in cuts)
    strange = sum(1 / (n + 40) for n in range(outside))
    for number in range(outside):
        # Some are by artists that the catalogue has, so that a name alone is no match.
        if rng.random() < 0.3:
            name = artists[bisect(by_rank, rng.random() * by_rank[-1])].names[0]
        else:
            name = make_artist(rng, 1000 + number // 3, taken).names[0]
        title = fresh_title(rng, number, name, pairs)
        weight = known * (1 / IN_CATALOGUE - 1) / strange / (number + 40)
        yield None, "", as_track(name, title, make_duration(rng)), weight


def fresh_title(rng: random.Random, number: int, name: str, pairs: set[str]) -> str:
    pair = fresh(pairs, lambda: f"{name}\n{make_title(rng, number)}")
    return pair.partition("\n")[2]


def make_users(rng: random.Random, users: int) -> list[User]:
    """The listeners, the busiest first; ids in no order, levels partly by rank."""
    ids = list(range(1, users + 1))
    for last in range(users - 1, 0, -1):
        other = int(rng.random() * (last + 1))
        ids[last], ids[other] = ids[other], ids[last]
    made = []
    for rank, user_id in enumerate(ids):
        level = "paid" if rng.random() < (0.6 if rank < users / 4 else 0.12) else "free"
        plan: list[str] = []
        if rank == 1:
            level, plan = "paid", ["free", "paid"]
        elif rank % 12 == 5:
            level, plan = "free", ["paid"]
        elif rank % 30 == 8:
            level, plan = "paid", ["free"]
        since = int(START.timestamp()) - 60 - int(rng.random() * 45 * DAY)
        first, last_name = pick(rng, FIRST_NAMES), pick(rng, LAST_NAMES)
        pieces = (
            f',"auth":"Logged In","firstName":"{first}",'
            f'"gender":"{pick(rng, "FM")}","itemInSession":',
            f',"lastName":"{last_name}","length":',
            f',"location":{quoted(pick(rng, METROS))},"method":',
            f',"registration":{since}{MILLIS}.0,"sessionId":',
            f',"userAgent":{quoted(pick(rng, AGENTS))},"userId":"{user_id}"}}',
        )
        made.append(User(pieces, level, plan))
    if users > 1:  # one comes and goes, and never plays: half way down the ranks
        made[users // 2].plays, made[users // 2].plan = False, []
    return made


NOBODY = (
    ',"auth":"Logged Out","firstName":null,"gender":null,"itemInSession":',
    ',"lastName":null,"length":',
    ',"location":null,"method":',
    ',"registration":null,"sessionId":',
    ',"userAgent":null,"userId":""}',
)


def make_session(
    rng: random.Random, tracks: Plays, user: User | None, session: int, at: int, n: int
) -> Iterator[tuple[int, str]]:
    """Second and line of each of a session's n events; the user's level may change."""
    random_ = rng.random
    logged_in = user is not None
    level = user.level if user else ("paid" if random_() < 0.4 else "free")
    pieces = user.pieces if user else NOBODY
    changes = user is not None and user.plan and n >= 6 and random_() < 0.4
    coming: list[str] = []  # pages that must follow, the next one last
    if user and n >= 4 and random_() < 0.1:
        logged_in, coming = False, ["Home", "Login"]
        if random_() < 0.5:
            coming.append("Home")
    elif random_() < 0.55:
        coming = ["Home"]
    for item in range(n):
        head, mid, where, since, tail = pieces if logged_in else NOBODY
        page = ""
        if coming:
            page = coming.pop()
        elif not logged_in:
            page = ("Home", "Home", "Home", "Login", "About", "Help")[
                int(random_() * 6)
            ]
        elif changes and user and n // 2 <= item < n - 2:
            changes, page = False, "Upgrade" if user.plan[0] == "paid" else "Downgrade"
            coming = ["Home", SUBMIT[user.plan[0]]]
        elif random_() < 0.07 or (user and not user.plays):
            page = ASIDES[int(random_() * len(ASIDES))]
            if page == "Plan":
                page = "Upgrade" if level == "free" else "Downgrade"
            elif page == "Logout":
                coming = ["Home", "Login", "Home"]
            elif page == "Settings" and random_() < 0.2:
                coming = ["Save Settings"]
        if page:
            method, _, status = PAGES[page].partition("|")
            yield (
                at,
                f'{{"artist":null{head}{item}{mid}null,"level":"{level}"{where}{method}'
                f',"page":"{page}"{since}{session},"song":null,"status":{status}'
                f',"ts":{at}{MILLIS}{tail}',
            )
            # People look at a page for a while, often shortly; a redirect is at once.
            at += 1 if status == "307" else int(80 * random_() * random_())
            if page == "Logout":
                logged_in = False
            elif page == "Login" and user:
                logged_in = True
            elif page in LEVEL_AFTER and user:
                level = user.level = user.plan.pop(0)
            continue
        track = tracks.tracks[bisect(tracks.weights, random_() * tracks.weights[-1])]
        artist, length, song, seconds = track
        yield (
            at,
            f'{{"artist":{artist}{head}{item}{mid}{length},"level":"{level}"{where}'
            f'"PUT","page":"NextSong"{since}{session},"song":{song},"status":200'
            f',"ts":{at}{MILLIS}{tail}',
        )
        at += seconds if random_() < 0.95 else int(seconds * random_())


def make_events(
    rng: random.Random, days: int, events: int, users: list[User], tracks: Plays
) -> Iterator[tuple[int, str]]:
    """Second (since 1970, UTC) and line of every event, in the order of time.

    A session is begun when the curve of the hours and weekdays says that as many events
    are due as the sessions so far have, or will have: so the count comes out exactly,
    and only the sessions that are open are in memory.
    """
    begin = int(START.timestamp())
    end = begin + days * DAY
    curve = [0.0]
    for day in range(days):
        weekday = WEEKDAYS[(START + timedelta(days=day)).weekday()]
        for hour, weight in enumerate(HOURS):
            # Nobody begins late on the last day, so that all find their end.
            late = day == days - 1 and hour >= 20
            curve.append(curve[-1] + (0 if late else weekday * int(weight)))

    def due(count: int) -> int:
        share = count / events * curve[-1]
        hour = min(bisect(curve, share), days * 24 - 4) - 1
        return begin + int(
            3600 * (hour + (share - curve[hour]) / (curve[hour + 1] - curve[hour]))
        )

    # No user has more than some nine times the average, however many there are.
    ranks = list(
        accumulate(1 / (rank + 1 + len(users) / 30) for rank in range(len(users)))
    )
    debuts = sorted(range(len(users)), key=[rng.random() for _ in users].__getitem__)
    longest = max(1, min(150, events // days // 3))
    busy = bytearray(len(users))
    playing: list[tuple[int, int, str, int, Iterator[tuple[int, str]]]] = []
    sessions = begun = seen = 0
    at = begin
    while begun < events or playing:
        if begun < events and (not playing or at <= playing[0][0]):
            if at >= end - LONGEST:
                raise WarehouseError("the users have no time left; give more --users")
            if busy.find(0) < 0:
                at = playing[0][0] + 1
                continue
            who, user = -1, None
            if rng.random() > 0.035 or events - begun <= len(users) - seen:
                who = bisect(ranks, rng.random() * ranks[-1])
                if seen < len(users) and begun * len(users) >= 0.8 * events * seen:
                    who, seen = debuts[seen], seen + 1
                while busy[who]:
                    who = (who + 1) % len(users)
                busy[who], user = 1, users[who]
            n = int(1.5 / (1 - rng.random()))
            if user is None or not user.plays:
                n = min(n, 3)
            elif user.level == "paid":
                n *= 2
            # Room is left for those who have not come yet, and before the last day ends.
            room = min(
                longest, events - begun - len(users) + seen, (end - at) // LONGEST
            )
            n = max(1, min(n, room))
            sessions, begun = sessions + 1, begun + n
            flow = make_session(rng, tracks, user, sessions, at, n)
            heapq.heappush(playing, (*next(flow), sessions, who, flow))
            if begun < events:
                at = max(at, due(begun))
            continue
        second, line, session, who, flow = playing[0]
        yield second, line
        following = next(flow, None)
        if following:
            heapq.heapreplace(playing, (*following, session, who, flow))
        else:
            heapq.heappop(playing)
            if who >= 0:
                busy[who] = 0


def write_logs(folder: Path, stream: Iterable[tuple[int, str]]) -> int:
    """One file a UTC day, as the stream has them; how many files."""
    files = 0
    for files, (day, events) in enumerate(groupby(stream, lambda e: e[0] // DAY), 1):
        date = datetime.fromtimestamp(day * DAY, UTC)
        path = folder / f"{date:%Y}" / f"{date:%m}" / f"{date:%Y-%m-%d}-events.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="ascii", newline="\n") as out:
            out.write(next(events)[1])
            out.writelines(f"\n{line}" for _, line in events)
    return files


def write_songs(
    folder: Path, songs: Iterable[tuple[str | None, str, Track, float]]
) -> Plays:
    """One file a song, by letters three to five of its track id; what can be played."""
    tracks, weights, made = [], [], set()
    for track_id, text, track, weight in songs:
        tracks.append(track)
        weights.append(weight)
        if track_id:
            leaf = folder.joinpath(*track_id[2:5])
            if leaf not in made:
                leaf.mkdir(parents=True, exist_ok=True)
                made.add(leaf)
            (leaf / f"{track_id}.json").write_text(text, encoding="ascii")
    return Plays(tracks, list(accumulate(weights)))


def count_files(folder: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(folder))


def is_ours(folder: Path) -> bool:
    """Made by this tool, and nothing was added to it or taken away since."""
    try:
        *_, last = (folder / MARKER).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError, ValueError):
        return False
    return last == str(count_files(folder))


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """A new folder beside `out` that takes its place at the end, or leaves no trace.

    A run that was killed leaves the folder, hidden, to the next run, which clears it:
    `out` is always as it was or complete.
    """
    if out.exists() and not out.is_dir():
        raise Refused(f"{out}: is a file; name a folder")
    if out.exists() and any(out.iterdir()) and not is_ours(out):
        raise Refused(
            f"{out}: holds files that sample_data.py did not make; "
            "name a new or an empty folder"
        )
    new, old = (out.with_name(f".{out.name}.{which}") for which in ("new", "old"))
    new.mkdir(parents=True, exist_ok=True)
    lock = os.open(new, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Refused(f"{out}: another run is making it; wait for its end") from None
    try:
        for left in new.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield new
        shutil.rmtree(old, ignore_errors=True)
        if out.exists():
            out.rename(old)
        new.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    finally:
        shutil.rmtree(new, ignore_errors=True)
        os.close(lock)


def make_sample(
    out: Path, days: int, users: int, songs: int, events: int, seed: int
) -> str:
    """Write it all and say what; raises WarehouseError when it cannot be done."""
    if events > BUSIEST * days * users:
        raise Refused(
            f"--events {events} is more than {users} users do in {days} days; "
            f"give --users {-(-events // (BUSIEST * days))} or more"
        )
    if events < SPARSEST * max(days, users):
        raise Refused(
            f"--events {events} is too few for {users} users and {days} days; "
            f"give --events {SPARSEST * max(days, users)} or more"
        )
    made = (
        f"--days {days} --users {users} --songs {songs} --events {events} --seed {seed}"
    )
    try:
        with replacing(out) as new:
            tracks = write_songs(
                new / "song_data", make_songs(random.Random(f"{seed} songs"), songs)
            )
            people = make_users(random.Random(f"{seed} users"), users)
            stream = make_events(
                random.Random(f"{seed} events"), days, events, people, tracks
            )
            files = write_logs(new / "log_data", stream)
            (new / MARKER).write_text(
                f"python scripts/sample_data.py {made}\nfiles: {files + songs + 1}\n",
                encoding="ascii",
            )
    except OSError as error:
        raise WarehouseError(
            f"{error.filename or out}: {error.strerror}; name another folder"
        ) from None
    return f"{out}: {events:,} events in {files} files, {songs:,} songs"


COUNT = click.IntRange(min=1)


@click.command()
@click.option("--days", type=COUNT, default=30, show_default=True)
@click.option("--users", type=COUNT, help="Default: one for 80 events, 10,000 at most.")
@click.option("--songs", type=COUNT, default=1_000, show_default=True)
@click.option("--events", type=COUNT, default=8_000, show_default=True)
@click.option("--seed", type=int, default=2018, show_default=True)
@click.argument("out", type=click.Path(path_type=Path))
def main(
    out: Path, days: int, users: int | None, songs: int, events: int, seed: int
) -> None:
    """Make sample logs and songs in the folder OUT, from 1 November 2018 on.

    A folder that an earlier call made is replaced; any other that holds something is
    refused.
    """
    if users is None:
        # So many that they have the time, and each shows up several times.
        users = max(min(events // 80, 10_000), -(-events // (40 * days)))
    click.echo(make_sample(out.absolute(), days, users, songs, events, seed))


if __name__ == "__main__":
    main()
