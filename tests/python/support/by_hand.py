"""The marts and the earlier system's counts by plain Python, from the raw files.

Nothing here reads a table of ours or runs SQL, so that a mistake in the models cannot
make its own proof. The JSON reader leaves numbers as the text that the files hold.
"""

import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterable
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

Raw = dict[str, str | None]

# What Unicode calls white space.
WHITE_SPACE = "\t\n\v\f\r \x85\xa0\u1680\u2028\u2029\u202f\u205f\u3000"
WHITE_SPACE += "".join(map(chr, range(0x2000, 0x200B)))
EPOCH = datetime(1970, 1, 1)
MILLISECOND = timedelta(milliseconds=1)


@dataclass(frozen=True, order=True)
class Play:
    """A row of songplays; its fields are the mart's columns, in their order."""

    songplay_id: str
    ts: int
    user_id: str | None
    level: str
    song_id: str | None
    artist_id: str | None
    session_id: int
    location: str | None
    user_agent: str | None
    song_title: str | None
    artist_name: str | None
    duration: Decimal
    song_match: str | None
    state: str | None
    recording_id: str

    @property
    def moment(self) -> datetime:
        """When it was started, in UTC, without a zone."""
        return moment(self.ts)


def moment(ts: int) -> datetime:
    """A time in epoch milliseconds, as UTC without a zone."""
    return EPOCH + ts * MILLISECOND


def read(folder: Path) -> list[Raw]:
    """Every line of every file under a folder, numbers as text."""
    return [
        json.loads(line, parse_int=str, parse_float=str)
        for path in sorted(folder.rglob("*.json"))
        for line in path.read_text("utf-8").splitlines()
        if line.strip()
    ]


def clean(text: str | None) -> str | None:
    """Double encoding undone, apostrophes back, no white space around, or None."""
    if text is None:
        return None
    try:
        for _ in range(2):
            text = text.encode("latin-1").decode("utf-8")
    except UnicodeError:
        pass
    return text.replace("\x18", "'").replace("\x19", "'").strip(WHITE_SPACE) or None


def number(text: str | None, unit: str = "0.00001") -> Decimal | None:
    """A number rounded to a unit, halves up."""
    return None if text is None else rounded(Decimal(text), unit)


def rounded(value: Decimal, unit: str) -> Decimal:
    """A decimal rounded to a unit, halves up."""
    return value.quantize(Decimal(unit), ROUND_HALF_UP)


def ratio(part: int | Decimal, whole: int, unit: str = "0.1") -> Decimal:
    """part / whole, rounded."""
    return rounded(Decimal(part) / whole, unit)


def whole(raw: Raw, key: str) -> int:
    """A number that is always there."""
    return int(raw[key] or "")


def md5(text: str) -> str:
    """A key: the hexadecimal md5 of a text."""
    return hashlib.md5(text.encode()).hexdigest()


def event_id(raw: Raw) -> str:
    """The key of an event."""
    keys = ("sessionId", "itemInSession", "page", "ts")
    return md5("|".join(raw[key] or "" for key in keys))


def state(raw: Raw) -> str | None:
    """The first state that a location names, after its comma."""
    _, _, states = (clean(raw["location"]) or "").partition(", ")
    return states.partition(", ")[0].partition("-")[0] or None


def events_in_order(events: Iterable[Raw]) -> list[Raw]:
    """Events by time; in one millisecond by session, item and page."""
    return sorted(
        events,
        key=lambda raw: (
            whole(raw, "ts"),
            whole(raw, "sessionId"),
            whole(raw, "itemInSession"),
            raw["page"] or "",
        ),
    )


def songplays(events: list[Raw], catalogue: list[Raw]) -> list[Play]:
    """Every play, matched to the closest song of its title and artist."""
    songs = defaultdict(list)
    artists: dict[str | None, set[str | None]] = defaultdict(set)
    for raw in catalogue:
        artists[clean(raw["artist_name"])].add(raw["artist_id"])
        key = (clean(raw["title"]), clean(raw["artist_name"]))
        songs[key].append((Decimal(raw["duration"] or ""), raw))
    plays = []
    for raw in events:
        if raw["page"] != "NextSong":
            continue
        duration = rounded(Decimal(raw["length"] or ""), "0.00001")
        title, artist = clean(raw["song"]), clean(raw["artist"])
        match = min(
            songs[title, artist],
            key=lambda song: (abs(song[0] - duration), song[1]["song_id"]),
            default=None,
        )
        how, artist_id = None, None
        if match:
            artist_id = match[1]["artist_id"]
            same = rounded(match[0], "0.001") == rounded(duration, "0.001")
            how = "exact" if same else "title and artist"
        elif len(artists[artist]) == 1:
            how, (artist_id,) = "artist", artists[artist]
        texts = [(raw[key] or "").rstrip(" ") for key in ("song", "artist")]
        plays.append(
            Play(
                songplay_id=event_id(raw),
                ts=whole(raw, "ts"),
                user_id=raw["userId"] or None,
                level=raw["level"] or "",
                song_id=match[1]["song_id"] if match else None,
                artist_id=artist_id,
                session_id=whole(raw, "sessionId"),
                location=clean(raw["location"]),
                user_agent=raw["userAgent"],
                song_title=title,
                artist_name=artist,
                duration=duration,
                song_match=how,
                state=state(raw),
                recording_id=md5("\x1f".join([*texts, str(duration)])),
            )
        )
    return plays


def page_views(events: list[Raw]) -> list[tuple[object, ...]]:
    """Every event that is not a play."""
    return [
        (
            event_id(raw),
            moment(whole(raw, "ts")),
            raw["userId"] or None,
            raw["level"],
            whole(raw, "sessionId"),
            whole(raw, "itemInSession"),
            raw["page"],
            raw["method"],
            whole(raw, "status"),
            raw["auth"],
            clean(raw["location"]),
            state(raw),
            raw["userAgent"],
        )
        for raw in events
        if raw["page"] != "NextSong"
    ]


def users(events: list[Raw]) -> list[tuple[Any, ...]]:
    """Each user as of the latest event, with the times of the first and the latest."""
    seen: dict[str, list[datetime]] = defaultdict(list)
    latest: dict[str, Raw] = {}
    for raw in events_in_order(events):
        if user := raw["userId"]:
            seen[user].append(moment(whole(raw, "ts")))
            latest[user] = raw
    return [
        (
            user,
            clean(raw["firstName"]),
            clean(raw["lastName"]),
            raw["gender"],
            raw["level"],
            moment(int(Decimal(raw["registration"] or ""))),
            seen[user][0],
            seen[user][-1],
        )
        for user, raw in latest.items()
    ]


def user_levels(events: list[Raw]) -> list[tuple[str, str, int, int | None, bool]]:
    """Spells: user, level, from and to in epoch milliseconds, current or not."""
    changes: dict[str, list[tuple[str, int]]] = defaultdict(list)
    for raw in events_in_order(events):
        user, level = raw["userId"], raw["level"]
        if user and level and (not changes[user] or changes[user][-1][0] != level):
            changes[user].append((level, whole(raw, "ts")))
    return [
        (user, level, since, until, until is None)
        for user, steps in changes.items()
        for (level, since), until in zip(
            steps, [*(at for _, at in steps[1:]), None], strict=True
        )
    ]


def artists(catalogue: list[Raw]) -> list[tuple[object, ...]]:
    """One row per artist: of several spellings the one that tells most."""
    spellings: dict[str, Counter[tuple[object, ...]]] = defaultdict(Counter)
    for raw in catalogue:
        spelling = (
            clean(raw["artist_name"]),
            clean(raw["artist_location"]),
            number(raw["artist_latitude"]),
            number(raw["artist_longitude"]),
        )
        spellings[raw["artist_id"] or ""][spelling] += 1

    def preference(item: tuple[tuple[object, ...], int]) -> list[Any]:
        (name, location, latitude, longitude), songs = item
        values = (name, location, latitude, longitude)
        ties = [(value is None, value) for value in values]
        return [latitude is None, location is None, -songs, *ties]

    return [
        (artist, *min(found.items(), key=preference)[0])
        for artist, found in spellings.items()
    ]


def songs(catalogue: list[Raw]) -> list[tuple[object, ...]]:
    """The catalogue's songs; year 0 is unknown."""
    return [
        (
            raw["song_id"],
            clean(raw["title"]),
            raw["artist_id"],
            whole(raw, "year") or None,
            number(raw["duration"]),
        )
        for raw in catalogue
    ]


def calendar(ts: int) -> tuple[int, ...]:
    """A row of the mart time: the moment, and its parts in UTC."""
    at = datetime.fromtimestamp(ts // 1000, UTC)
    week, weekday = at.isocalendar().week, at.isoweekday() % 7
    return ts, at.hour, at.day, week, at.month, at.year, weekday


def dates(events: list[Raw]) -> list[tuple[Any, ...]]:
    """Every day from the first event to the last."""
    days = [moment(whole(raw, "ts")).date() for raw in events]
    first, count = min(days), (max(days) - min(days)).days + 1
    return [
        (day, day.year, *week, day.month, day.day, weekday, weekday > 5)
        for day in (first + timedelta(days=number) for number in range(count))
        for *week, weekday in [day.isocalendar()]
    ]


def earlier_system(events: list[Raw], catalogue: list[Raw]) -> dict[str, int]:
    """The earlier system's counts, from the text as it came."""
    plays = [raw for raw in events if raw["page"] == "NextSong"]
    matches: Counter[tuple[object, ...]] = Counter(
        (raw["title"], raw["artist_name"], number(raw["duration"], "1"))
        for raw in catalogue
    )
    found = {
        (raw["sessionId"], raw["itemInSession"], raw["ts"]): matches[
            raw["song"], raw["artist"], number(raw["length"], "1")
        ]
        for raw in plays
    }
    song_keys = ("song_id", "title", "artist_id", "year", "duration")
    about = ("id", "name", "location", "latitude", "longitude")
    artist_keys = [f"artist_{key}" for key in about]
    user_keys = ("userId", "firstName", "lastName", "gender", "level")
    return {
        "staging_events": len(events),
        "staging_songs": len(catalogue),
        "songs": len({tuple(map(raw.get, song_keys)) for raw in catalogue}),
        "artists": len({tuple(map(raw.get, artist_keys)) for raw in catalogue}),
        "users": len({tuple(map(raw.get, user_keys)) for raw in plays}),
        "songplays": sum(found.values()),
        "time": len({ts for (_, _, ts), songs in found.items() if songs}),
    }


def marts(
    events: list[Raw], catalogue: list[Raw], plays: list[Play]
) -> dict[str, list[Any]]:
    """The rows of every mart, without `_load_id`."""
    return {
        "artists": artists(catalogue),
        "dates": dates(events),
        "page_views": page_views(events),
        "songplays": [tuple(vars(play).values()) for play in plays],
        "songs": songs(catalogue),
        "time": [calendar(ts) for ts in {play.ts for play in plays}],
        "user_levels": user_levels(events),
        "users": users(events),
    }


def matches(plays: list[Play]) -> dict[str, int]:
    """How many plays there are, how many found a song, and how many exactly."""
    return {
        "plays": len(plays),
        "matched": sum(play.song_id is not None for play in plays),
        "exact": sum(play.song_match == "exact" for play in plays),
    }


def fingerprint(rows: Iterable[Iterable[object]]) -> str:
    """A mart's fingerprint, by its definition in macros/audit/fingerprint.sql."""
    return set_fingerprint("".join(map(_text, row)) for row in rows)


def set_fingerprint(texts: Iterable[str]) -> str:
    """The fingerprint of a set of texts, by its definition in the same file."""
    digests = [md5(text) for text in texts]
    sums = (
        sum(int(digest[at : at + 8], 16) for digest in digests)
        for at in range(0, 32, 8)
    )
    return md5("|".join(map(str, (len(digests), *sums))))


def _text(value: object) -> str:
    if value is None:
        return "\x1e"
    if isinstance(value, bool):
        return "\x1f" + str(value).lower()
    if isinstance(value, datetime):
        return f"\x1f{(value - EPOCH) // MILLISECOND}"
    if isinstance(value, date):
        return f"\x1f{(value - EPOCH.date()).days}"
    return f"\x1f{value}"


def listeners(plays: Iterable[Play]) -> int:
    """How many known users played these."""
    return len({play.user_id for play in plays if play.user_id})
