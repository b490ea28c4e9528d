"""What each analysis must answer: a function of its name, in plain Python.

Nothing here reads a table of ours or runs SQL.
"""

import statistics
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable
from csv import DictReader
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise
from typing import Any

from common.settings import PROJECT

from support import by_hand
from support.by_hand import Play, listeners, moment, ratio, rounded
from support.helpers import DataSet

Row = tuple[Any, ...]


def day(play: Play) -> date:
    """The day (UTC) of a play."""
    return play.moment.date()


def monday(at: date) -> date:
    """The first day of a date's week."""
    return date.fromordinal(at.toordinal() - at.weekday())


def week(play: Play) -> date:
    """The Monday of a play's week."""
    return monday(day(play))


def grouped(plays: Iterable[Play], key: Callable[[Play], Any]) -> dict[Any, list[Play]]:
    """Plays by a key, in the order of time."""
    groups: dict[Any, list[Play]] = defaultdict(list)
    for play in sorted(plays, key=lambda play: (play.ts, play.songplay_id)):
        groups[key(play)].append(play)
    return groups


def ranked(
    plays: Iterable[Play],
    key: Callable[[Play], tuple[str | None, ...]],
    *more: Callable[[list[Play]], Any],
) -> list[Row]:
    """Key, plays and listeners of each group, and more: most plays, listeners first."""
    groups = grouped(plays, key)
    rows = [(*of, len(all_), listeners(all_)) for of, all_ in groups.items()]
    rows.sort(key=lambda row: (-row[-2], -row[-1], row))
    return [(*row, *(one(groups[row[:-2]]) for one in more)) for row in rows]


def song(play: Play) -> tuple[str | None, str | None]:
    """What the logs call a song."""
    return play.song_title, play.artist_name


def artist(play: Play) -> tuple[str | None]:
    """What the logs call an artist."""
    return (play.artist_name,)


def in_catalogue(plays: list[Play]) -> Decimal:
    """The share of plays that found a song, in percent."""
    return ratio(100 * sum(play.song_id is not None for play in plays), len(plays))


def titles(plays: list[Play]) -> int:
    """How many different titles these have."""
    return len({play.song_title for play in plays})


def sessions_of(plays: Iterable[Play]) -> int:
    """How many different sessions these are of."""
    return len({play.session_id for play in plays})


def seconds(plays: Iterable[Play]) -> Decimal:
    """Their length, each in full."""
    return sum((play.duration for play in plays), Decimal(0))


def by_user(data: DataSet) -> dict[str, list[Play]]:
    """The plays of each known user."""
    return grouped((play for play in data.plays if play.user_id), lambda p: p.user_id)


def names(data: DataSet) -> dict[str, tuple[str, str, str]]:
    """Each user's names and latest level."""
    return {row[0]: (row[1], row[2], row[4]) for row in data.rows["users"]}


def changes(data: DataSet) -> list[tuple[str, str, str, int]]:
    """Each change of a plan: user, plan before and after, when in epoch ms."""
    return [
        (user, old, new, at)
        for (user, old, *_), (other, new, at, *_) in pairwise(data.rows["user_levels"])
        if user == other
    ]


# Rankings


def most_played_songs(data: DataSet) -> list[Row]:
    return ranked(data.plays, song, in_catalogue)


def most_played_artists(data: DataSet) -> list[Row]:
    return ranked(data.plays, artist, titles, in_catalogue)


def plays_by_location(data: DataSet) -> list[Row]:
    rows = ranked(data.plays, lambda play: (play.location,))
    return [(*str(location).split(", "), *counts) for location, *counts in rows]


def plays_by_state(data: DataSet) -> list[Row]:
    rows = [
        (state, listeners(all_), len(all_), len({play.location for play in all_}))
        for state, all_ in grouped(data.plays, lambda play: play.state).items()
    ]
    return sorted(rows, key=lambda row: (-row[1], -row[2], row[0]))


def most_active_users(data: DataSet) -> list[Row]:
    rows = [
        (
            user,
            *names(data)[user],
            len(all_),
            sessions_of(all_),
            ratio(seconds(all_), 3600),
        )
        for user, all_ in by_user(data).items()
    ]
    return sorted(rows, key=lambda row: (-row[4], -row[5], row[0]))


def user_agents(data: DataSet) -> list[Row]:
    # The first that an agent names: each names those behind it, too.
    browsers = {"MSIE": "Internet Explorer", "Trident": "Internet Explorer"}
    browsers |= {"Firefox": "Firefox", "Edg": "Edge", "OPR": "Opera"}
    browsers |= {"Chrome": "Chrome", "Safari": "Safari"}
    platforms = {"iPhone": "iOS", "iPad": "iOS", "Android": "Android"}
    platforms |= {"Windows": "Windows", "Macintosh": "macOS", "Linux": "Linux"}

    def agent(play: Play) -> tuple[str | None, ...]:
        text = play.user_agent
        return tuple(
            next((name for part, name in known.items() if part in text), "other")
            if text is not None
            else None
            for known in (browsers, platforms)
        )

    return ranked(data.plays, agent)


def artists_origins(data: DataSet) -> list[Row]:
    origins = {artist: at for artist, _, at, *_ in data.rows["artists"]}

    def origin(play: Play) -> tuple[str]:
        if play.artist_id is None:
            return ("artist not in the catalogue",)
        return (str(origins[play.artist_id] or "not in the catalogue"),)

    return ranked(
        data.plays, origin, lambda all_: len({play.artist_id for play in all_} - {None})
    )


# What to license


def songs_to_license(data: DataSet) -> list[Row]:
    return ranked((play for play in data.plays if play.song_id is None), song)


def artists_to_license(data: DataSet) -> list[Row]:
    known = {by_hand.clean(raw["artist_name"]) for raw in data.catalogue}
    unknown = (play for play in data.plays if play.artist_name not in known)
    return ranked(unknown, artist, titles)


def license_shares(data: DataSet) -> list[Row]:
    missing = [row[2] for row in songs_to_license(data)]
    rows = []
    for size in (10, 100, 1000):
        added, total = sum(missing[:size]), sum(missing)
        shares = (ratio(100 * added, whole) for whole in (total, len(data.plays)))
        rows.append((size, added, total, *shares))
    return rows


def songs_never_played(data: DataSet) -> list[Row]:
    played = {play.song_id for play in data.plays}
    artists = {artist: name for artist, name, *_ in data.rows["artists"]}
    rows = sorted(
        (song, title, artists[artist], year)
        for song, title, artist, year, _ in data.rows["songs"]
        if song not in played
    )
    return [(*row, len(rows), len(data.catalogue)) for row in rows]


# Users and their plans


def free_against_paid(data: DataSet) -> list[Row]:
    newest = max(play.ts for play in data.plays)
    spent: Counter[str] = Counter()
    for _, level, since, until, _ in data.rows["user_levels"]:
        end = min(newest if until is None else until, newest)
        spent[level] += end // 1000 - min(since, newest) // 1000
    rows = []
    for level, all_ in sorted(grouped(data.plays, lambda play: play.level).items()):
        each = Counter(play.user_id for play in all_ if play.user_id).values()
        counts = (len(all_), listeners(all_), sessions_of(all_))
        averages = (
            ratio(100 * len(all_), len(data.plays)),
            ratio(len(all_), len(each)),
            rounded(Decimal(statistics.median(each)), "0.1"),
            ratio(86400 * len(all_), spent[level]),
            ratio(len(all_), sessions_of(all_)),
        )
        rows.append((level, *counts, *averages))
    return rows


def level_changes(data: DataSet) -> list[Row]:
    names = {"paid": "upgrade", "free": "downgrade"}
    rows = [
        (user, old, new, names[new], moment(at)) for user, old, new, at in changes(data)
    ]
    return sorted(rows, key=lambda row: (row[-1], row[0]))


def level_changes_by_week(data: DataSet) -> list[Row]:
    total: Counter[str] = Counter()
    rows = []
    for at in sorted({monday(row[0]) for row in data.rows["dates"]}):
        levels = Counter(
            level for *_, level, ts in changes(data) if monday(moment(ts).date()) == at
        )
        total += levels
        rows.append(
            (at, *(of[name] for of in (levels, total) for name in ("paid", "free")))
        )
    return rows


def upgrade_funnel(data: DataSet) -> list[Row]:
    users: dict[str | None, set[str]] = defaultdict(set)
    for raw in data.events:
        if user := raw["userId"]:
            users[raw["page"]].add(user)
    rows = []
    for change in ("Upgrade", "Downgrade"):
        saw = users[change]
        submitted = len(saw & users[f"Submit {change}"])
        share = ratio(100 * submitted, len(saw)) if saw else None
        rows.append((change.lower(), len(saw), submitted, share))
    return rows


def songs_per_listener(data: DataSet) -> list[Row]:
    heard = [Counter(map(song, all_)) for all_ in by_user(data).values()]
    total = sum(all_.total() for all_ in heard)
    rows = []
    for least, most in [(1, 9), (10, 99), (100, None)]:
        band = [all_ for all_ in heard if least <= len(all_) <= (most or len(all_))]
        songs, played = sum(map(len, band)), sum(all_.total() for all_ in band)
        averages = (ratio(songs, len(band)), ratio(played, songs, "0.001"))
        counts = (len(band), len(heard), played, ratio(100 * played, total))
        rows.append((least, most, *counts, *averages))
    return rows


def listeners_by_week(data: DataSet) -> list[Row]:
    known: set[str] = set()
    rows = []
    for at, all_ in grouped(data.plays, week).items():
        if these := {play.user_id for play in all_ if play.user_id}:
            rows.append((at, len(these), len(these - known), len(these & known)))
        known |= these
    return rows


def weekly_retention(data: DataSet) -> list[Row]:
    first, *_, last = (row[0] for row in data.rows["dates"])
    weeks = [set(map(week, all_)) for all_ in by_user(data).values()]
    rows = []
    for cohort, size in sorted(Counter(map(min, weeks)).items(), reverse=True):
        for later in range((last - cohort).days // 7 + 1):
            at = cohort + timedelta(days=7 * later)
            back = sum(min(all_) == cohort and at in all_ for all_ in weeks)
            is_cut_off = cohort == monday(first)
            share = ratio(100 * back, size)
            rows.append((cohort, is_cut_off, size, later, back, share))
    return rows


def inactive_listeners(data: DataSet) -> list[Row]:
    newest = max(map(day, data.plays))
    rows = []
    for user, all_ in by_user(data).items():
        quiet = (newest - day(all_[-1])).days
        if quiet > 6:
            last = all_[-1].moment
            rows.append((user, *names(data)[user], len(all_), last, quiet))
    rows.sort(key=lambda row: (-row[4], row[0]))
    totals = (len(rows), sum(row[3] == "paid" for row in rows), len(by_user(data)))
    return [(*row, *totals) for row in rows]


# Audit


def rejected_lines(_: DataSet) -> list[Row]:
    return []


def replaced_rows(_: DataSet) -> list[Row]:
    return []


def file_history(data: DataSet) -> list[Row]:
    files = [("events", path) for path in data.logs]
    files += [("songs", path) for path in data.songs]
    return [
        (kind, str(path), 1, "new", 1, len(path.read_text("utf-8").splitlines()), 0)
        for kind, path in files
    ]


def mart_fingerprints(data: DataSet) -> list[Row]:
    return [(mart, *of.values()) for mart, of in data.summary["marts"].items()]


def earlier(name: str, data: DataSet) -> list[Row]:
    return [(data.earlier[name],)]


earlier_system_staging_events = partial(earlier, "staging_events")
earlier_system_staging_songs = partial(earlier, "staging_songs")
earlier_system_songs = partial(earlier, "songs")
earlier_system_artists = partial(earlier, "artists")
earlier_system_users = partial(earlier, "users")
earlier_system_songplays = partial(earlier, "songplays")
earlier_system_time = partial(earlier, "time")


def expected_against_actual(data: DataSet) -> list[Row]:
    here = {name: mart["rows"] for name, mart in data.summary["marts"].items()}
    here |= data.summary["staging"] | data.summary["match"]
    counted = {"this_warehouse": here, "earlier_system": data.earlier}
    with (PROJECT / "seeds" / "expected_results.csv").open(encoding="utf-8") as seed:
        named = sorted((row["counted_by"], row["name"]) for row in DictReader(seed))
    return [(kind, name, counted[kind][name]) for kind, name in named]
