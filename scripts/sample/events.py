"""The sample's listeners and what they do: one line of JSON an event, in time order.

Times are whole seconds since 1970, UTC. What is in memory grows with the users and
the sessions that are open, never with the events.
"""

import heapq
import random
from bisect import bisect
from collections.abc import Iterator
from dataclasses import dataclass
from itertools import accumulate

from sample.songs import Track, compact, pick
from sample.words import AGENTS, FIRST_NAMES, LAST_NAMES, METROS

BEGIN = 1_541_030_400  # Thursday, 1 November 2018
DAY, LONGEST = 86_400, 600  # seconds; no song and no pause is longer
# How much is listened in each hour, and on each day from Thursday on.
HOURS = [int(letter, 36) for letter in "664457888adghgjosuusqkgc"]
WEEKDAYS = (21, 24, 14, 10, 22, 23, 27)
LOGGED_OUT = ("Home", "Home", "Home", "Login", "About", "Help")
OFTEN = ("Home", "Home", "Home", "Logout", "Logout", "Plan", "Settings", "Settings")
LOGGED_IN = (*OFTEN, *OFTEN, "Plan", "Help", "Help", "About", "Error")
PLAN = {"paid": "Downgrade", "free": "Upgrade"}
# What changes from event to event is left open. All times end in the same millisecond,
# as in the real logs: plays of one second share a ts.
LINE = (
    '{{"artist":%s,"auth":"Logged {0}","firstName":{1},"gender":{2},"itemInSession":%s'
    ',"lastName":{3},"length":%s,"level":"%s","location":{4},"method":"%s","page":"%s"'
    ',"registration":{5},"sessionId":%s,"song":%s,"status":%s,"ts":%s373,"userAgent":{6}'
    ',"userId":"{7}"}}'
)
NOBODY = LINE.format("Out", *["null"] * 6, "")
Events = Iterator[tuple[int, str]]
# All that can be played, and the running total of how popular each is.
Plays = tuple[list[Track], list[float]]


@dataclass(slots=True)
class User:
    """A listener: the line of an event, the level, how often it will change."""

    line: str
    level: str
    changes: int
    plays: bool = True
    has_played: bool = False


def shuffled(rng: random.Random, count: int) -> list[int]:
    """The numbers below `count` in a random order."""
    return sorted(range(count), key=[rng.random() for _ in range(count)].__getitem__)


def make_users(rng: random.Random, users: int) -> list[User]:
    """The listeners, the busiest first; ids in no order, levels partly by rank."""
    made = []
    for rank, number in enumerate(shuffled(rng, users)):
        level = "paid" if rng.random() < (0.6 if rank < users / 4 else 0.12) else "free"
        changes = 2 if rank == 1 else int(rank % 12 == 5 or rank % 30 == 8)
        if changes:  # the second is busy enough to go and to come back
            level = "free" if rank % 12 == 5 else "paid"
        kinds = (FIRST_NAMES, "FM", LAST_NAMES, METROS)
        texts = [compact(pick(rng, kind)) for kind in kinds]
        since = f"{BEGIN - 60 - int(rng.random() * 45 * DAY)}373.0"
        line = LINE.format("In", *texts, since, compact(pick(rng, AGENTS)), number + 1)
        made.append(User(line, level, changes))
    if users > 1:  # one comes and goes, and never plays: half way down the ranks
        made[users // 2].plays, made[users // 2].changes = False, 0
    return made


def make_session(
    rng: random.Random, plays: Plays, user: User | None, at: int, items: tuple[int, int]
) -> Events:
    """Second and line of each event, from `at` on; `items` is session and count."""
    (tracks, weights), (session, count) = plays, items
    level = user.level if user else str(pick(rng, ("paid", "free", "free")))
    logged_in, change_at, coming = user is not None, count, ""
    if user and user.changes and count >= 6 and rng.random() < 0.4:
        change_at = count // 2
    if user and count >= 4 and rng.random() < 0.12:
        logged_in, coming = False, "Home,Login,Home"
    elif user and user.has_played and rng.random() < 0.45:
        coming = "Home"
    for item in range(count):
        artist = length = song = "null"
        seconds = int(80 * rng.random() * rng.random())
        if coming:
            page, _, coming = coming.partition(",")
        elif user is None or not logged_in:
            page = pick(rng, LOGGED_OUT)
        elif item >= change_at and user.has_played and count - item > 2:
            page, change_at = PLAN[level], count
            coming = f"Submit {page},Home"
        elif user.plays and (not user.has_played or rng.random() > 0.055):
            page, user.has_played = "NextSong", True
            track = tracks[bisect(weights, rng.random() * weights[-1])]
            artist, length, song, seconds = track
            seconds = int(seconds * min(1, 20 * rng.random()))  # some are skipped
        else:
            page = pick(rng, LOGGED_IN)
            page = PLAN[level] if page == "Plan" else page
            coming = {"Logout": "Home,Login,Home"}.get(page, "")
            if page == "Settings" and rng.random() < 0.2:
                coming = "Save Settings"
        redirects = page.startswith(("Log", "Save", "Submit"))
        method = "PUT" if redirects or page == "NextSong" else "GET"
        status = 307 if redirects else 404 if page == "Error" else 200
        line = user.line if user and logged_in else NOBODY
        values = (artist, item, length, level, method, page, session, song, status, at)
        yield at, line % values
        at += 1 if redirects else seconds
        if page.startswith("Log"):
            logged_in = page == "Login" and user is not None
        elif user and page.startswith("Submit"):
            level = user.level = "paid" if level == "free" else "free"
            user.changes -= 1


def make_events(
    rng: random.Random, days: int, events: int, users: list[User], plays: Plays
) -> Events:
    """Second and line of exactly so many events, in the order of time.

    A session begins when the curve has more events due than the sessions so far will
    have, so the count comes out in one pass. sample_data.BUSIEST bounds it.
    """
    # No user has more than some nine times the average, however many there are.
    weights = list(accumulate(1 / (n + 1 + len(users) / 30) for n in range(len(users))))
    debuts, busy = shuffled(rng, len(users)), bytearray(len(users) + 1)
    hours = [WEEKDAYS[day % 7] * hour for day in range(days) for hour in HOURS]
    # Nobody begins in the last four hours, so that all sessions end within the days.
    curve = list(accumulate(hours[:-4], initial=0))
    longest = max(1, min(150, events // days // 3))
    playing: list[tuple[int, int, str, int, Events]] = []
    session = begun = seen = 0
    at, end = BEGIN, BEGIN + days * DAY
    while begun < events or playing:
        if begun == events or (playing and playing[0][0] < at):
            second, number, line, who, flow = heapq.heappop(playing)
            yield second, line
        elif busy.find(0, 0, len(users)) < 0:
            at = playing[0][0] + 1  # all are listening: wait until one has ended
            continue
        else:
            who = len(users)  # nobody
            if rng.random() > 0.035 or events - begun <= len(users) - seen:
                who = bisect(weights, rng.random() * weights[-1])
                # By four fifths of the events all have come, each at their own time.
                if seen < len(users) and begun / events >= 0.8 * seen / len(users):
                    who, seen = debuts[seen], seen + 1
                while busy[who]:
                    who = (who + 1) % len(users)
                busy[who] = 1
            user = users[who] if who < len(users) else None
            count = int(1.6 / (1 - rng.random()))
            if user is None or not user.plays:
                count = min(count, 3)
            elif user.level == "paid":
                count *= 2
            # Leave events to those who have yet to come, and end before the last day.
            spare = events - begun - len(users) + seen
            count = max(1, min(count, longest, spare, (end - at) // LONGEST))
            number = session = session + 1
            begun += count
            flow = make_session(rng, plays, user, at, (session, count))
            share = min(begun, events - 1) / events * curve[-1]
            hour = bisect(curve, share) - 1
            part = (share - curve[hour]) / (curve[hour + 1] - curve[hour])
            at = max(at, BEGIN + int(3600 * (hour + part)))
        if event := next(flow, None):
            heapq.heappush(playing, (event[0], number, event[1], who, flow))
        else:
            busy[who] = 0
