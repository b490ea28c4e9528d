"""The sample's listeners and what they do: one line of JSON an event, in time order.

Times are whole seconds since 1970, UTC. What is in memory grows with the users and
the sessions that are open, never with the events.
"""

import heapq
import random
from bisect import bisect
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from itertools import accumulate

from errors import WarehouseError

from sample.songs import Plays, pick, quoted
from sample.words import AGENTS, FIRST_NAMES, LAST_NAMES, METROS

START = datetime(2018, 11, 1, tzinfo=UTC)
DAY = 86_400  # seconds
MILLIS = "373"  # one for all, as in the real logs: plays of one second share a ts
LONGEST = 600  # seconds: no song and no pause is longer
HOURS = (
    *(6, 6, 4, 4, 5, 7, 8, 8, 10, 13, 16, 17),
    *(16, 19, 24, 28, 30, 28, 26, 20, 16, 12, 8, 7),
)
LAST_HOUR = 20  # of the last day: nobody begins later, so that all find their end
WEEKDAYS = (1.1, 1.15, 1.35, 1.05, 1.2, 0.7, 0.5)  # Monday first

# What the server answers to every page but NextSong.
LOOK = ('"GET"', 200)
ACT = ('"PUT"', 307)
PAGES = {
    "Home": LOOK,
    "Login": ACT,
    "Logout": ACT,
    "Downgrade": LOOK,
    "Settings": LOOK,
    "Help": LOOK,
    "About": LOOK,
    "Upgrade": LOOK,
    "Save Settings": ACT,
    "Error": ('"GET"', 404),
    "Submit Upgrade": ACT,
    "Submit Downgrade": ACT,
}
LOGGED_OUT = ("Home", "Home", "Home", "Login", "About", "Help")
LOGGED_IN = (
    *(("Home",) * 7 + ("Logout",) * 4 + ("Plan",) * 3 + ("Settings",) * 3),
    *("Help", "Help", "About", "Error"),
)
PLAN = {"paid": "Downgrade", "free": "Upgrade"}
LEVEL_AFTER = {"Submit Downgrade": "free", "Submit Upgrade": "paid"}

Pieces = tuple[str, str, str, str, str]
Events = Iterator[tuple[int, str]]

# What stands in a line between the fields that change from event to event.
NOBODY: Pieces = (
    ',"auth":"Logged Out","firstName":null,"gender":null,"itemInSession":',
    ',"lastName":null,"length":',
    ',"location":null,"method":',
    ',"registration":null,"sessionId":',
    ',"userAgent":null,"userId":""}',
)


@dataclass(slots=True)
class User:
    """A listener: the pieces of the lines, the level, and how often it will change."""

    pieces: Pieces
    level: str
    changes: int = 0
    plays: bool = True
    has_played: bool = False


@dataclass(slots=True)
class Visit:
    """A session under way: who, if anybody, and the pages that must follow."""

    user: User | None
    level: str
    logged_in: bool
    changes_at: int  # the item from which the user may change the level; 0: not now
    coming: list[str] = field(default_factory=list)  # the next one last


@dataclass(slots=True)
class Crowd:
    """The users, the busiest first, and who of them is listening or still to come."""

    users: list[User]
    weights: list[float]  # running total of how busy each is
    debuts: list[int]  # in what order they come for the first time
    busy: bytearray
    seen: int = 0


def make_users(rng: random.Random, users: int) -> list[User]:
    """The listeners, the busiest first; ids in no order, levels partly by rank."""
    ids = list(range(1, users + 1))
    for last in range(users - 1, 0, -1):
        other = int(rng.random() * (last + 1))
        ids[last], ids[other] = ids[other], ids[last]
    made = []
    for rank, user_id in enumerate(ids):
        level = "paid" if rng.random() < (0.6 if rank < users / 4 else 0.12) else "free"
        changes = 0
        if rank == 1:  # busy enough to go and to come back
            level, changes = "paid", 2
        elif rank % 12 == 5:
            level, changes = "free", 1
        elif rank % 30 == 8:
            level, changes = "paid", 1
        since = int(START.timestamp()) - 60 - int(rng.random() * 45 * DAY)
        first_name, gender = pick(rng, FIRST_NAMES), pick(rng, "FM")
        pieces = (
            f',"auth":"Logged In","firstName":"{first_name}","gender":"{gender}"'
            ',"itemInSession":',
            f',"lastName":"{pick(rng, LAST_NAMES)}","length":',
            f',"location":{quoted(pick(rng, METROS))},"method":',
            f',"registration":{since}{MILLIS}.0,"sessionId":',
            f',"userAgent":{quoted(pick(rng, AGENTS))},"userId":"{user_id}"}}',
        )
        made.append(User(pieces, level, changes))
    if users > 1:  # one comes and goes, and never plays: half way down the ranks
        made[users // 2].plays, made[users // 2].changes = False, 0
    return made


def begin_visit(rng: random.Random, user: User | None, items: int) -> Visit:
    if user is None:
        return Visit(None, "paid" if rng.random() < 0.4 else "free", False, 0)
    visit = Visit(user, user.level, True, 0)
    if user.changes and items >= 6 and rng.random() < 0.4:
        visit.changes_at = items // 2
    if items >= 4 and rng.random() < 0.12:
        visit.logged_in = False
        visit.coming = ["Home", "Login", "Home"][: 2 + int(rng.random() * 2)]
    elif (items > 1 or user.has_played) and rng.random() < 0.45:
        visit.coming = ["Home"]
    return visit


def next_page(rng: random.Random, visit: Visit, item: int, left: int) -> str:
    """The page of an item, "" for NextSong, when `left` more can follow."""
    if visit.coming:
        return visit.coming.pop()
    if not visit.logged_in or visit.user is None:
        return pick(rng, LOGGED_OUT)
    if visit.user.plays and not visit.user.has_played:
        visit.user.has_played = True  # in the first session: only one never plays
        return ""
    if visit.changes_at and item >= visit.changes_at and left >= 2:
        visit.changes_at = 0
        visit.coming = ["Home", f"Submit {PLAN[visit.level]}"]
        return PLAN[visit.level]
    if visit.user.plays and rng.random() > 0.055:
        return ""
    page = pick(rng, LOGGED_IN)
    if page == "Plan":
        page = PLAN[visit.level]
    elif page == "Logout":
        visit.coming = ["Home", "Login", "Home"]
    elif page == "Settings" and rng.random() < 0.2:
        visit.coming = ["Save Settings"]
    return page


def leave_page(visit: Visit, page: str) -> None:
    """What a page has changed for the next."""
    if page == "Logout":
        visit.logged_in = False
    elif page == "Login":
        visit.logged_in = visit.user is not None
    elif page in LEVEL_AFTER and visit.user:
        visit.level = visit.user.level = LEVEL_AFTER[page]
        visit.user.changes -= 1


def make_session(
    rng: random.Random, plays: Plays, visit: Visit, session: int, span: tuple[int, int]
) -> Events:
    """Second and line of each event; `span` is the first second and the count."""
    at, items = span
    tracks, weights = plays
    for item in range(items):
        page = next_page(rng, visit, item, items - item - 1)
        user = visit.user if visit.logged_in else None
        head, mid, where, since, tail = user.pieces if user else NOBODY
        level = visit.level
        if page:
            method, status = PAGES[page]
            yield (
                at,
                f'{{"artist":null{head}{item}{mid}null,"level":"{level}"{where}{method}'
                f',"page":"{page}"{since}{session},"song":null,"status":{status}'
                f',"ts":{at}{MILLIS}{tail}',
            )
            leave_page(visit, page)
            # A redirect is at once; a page is looked at, mostly for a short while.
            at += 1 if status == 307 else int(80 * rng.random() * rng.random())
        else:
            track = tracks[bisect(weights, rng.random() * weights[-1])]
            artist, length, song, seconds = track
            yield (
                at,
                f'{{"artist":{artist}{head}{item}{mid}{length},"level":"{level}"{where}'
                f'"PUT","page":"NextSong"{since}{session},"song":{song},"status":200'
                f',"ts":{at}{MILLIS}{tail}',
            )
            at += seconds if rng.random() < 0.95 else int(seconds * rng.random())


def choose_user(rng: random.Random, crowd: Crowd, share: float) -> int:
    """Who comes when that share of all events is under way; somebody must be idle."""
    who = bisect(crowd.weights, rng.random() * crowd.weights[-1])
    # By four fifths of the events all have come, each at a time of their own.
    if crowd.seen < len(crowd.users) and share >= 0.8 * crowd.seen / len(crowd.users):
        who = crowd.debuts[crowd.seen]
        crowd.seen += 1
    while crowd.busy[who]:
        who = (who + 1) % len(crowd.users)
    return who


def due_times(days: int, events: int) -> Callable[[int], int]:
    """When so many events are due, by the shape of the days and the hours."""
    begin = int(START.timestamp())
    curve = [0.0]
    for day in range(days):
        weekday = WEEKDAYS[(START + timedelta(days=day)).weekday()]
        hours = HOURS if day < days - 1 else HOURS[:LAST_HOUR]
        curve += accumulate((weekday * hour for hour in hours), initial=curve.pop())

    def due(count: int) -> int:
        share = count / events * curve[-1]
        hour = min(bisect(curve, share), len(curve) - 1) - 1
        part = (share - curve[hour]) / (curve[hour + 1] - curve[hour])
        return begin + int(3600 * (hour + part))

    return due


def make_events(
    rng: random.Random, days: int, events: int, users: list[User], plays: Plays
) -> Events:
    """Second and line of exactly so many events, in the order of time.

    A session begins when the events of all sessions so far, with those that are yet to
    come, are fewer than the curve has due: so the count comes out, in one pass. Raises
    WarehouseError when the users have not the time for so much.
    """
    # No user has more than some nine times the average, however many there are.
    weights = accumulate(1 / (n + 1 + len(users) / 30) for n in range(len(users)))
    debuts = sorted(range(len(users)), key=[rng.random() for _ in users].__getitem__)
    crowd = Crowd(users, list(weights), debuts, bytearray(len(users)))
    due = due_times(days, events)
    end = int(START.timestamp()) + days * DAY
    longest = max(1, min(150, events // days // 3))
    playing: list[tuple[int, int, str, int, Events]] = []
    session = begun = 0
    at = due(0)
    while begun < events or playing:
        if begun == events or (playing and playing[0][0] < at):
            second, same, line, who, flow = playing[0]
            yield second, line
            if following := next(flow, None):
                moment, line = following
                heapq.heapreplace(playing, (moment, same, line, who, flow))
            else:
                heapq.heappop(playing)
                if who < len(users):
                    crowd.busy[who] = 0
        elif crowd.busy.find(0) < 0:
            at = playing[0][0] + 1  # all are listening: wait until one has ended
        elif at > end - LONGEST:
            raise WarehouseError(
                f"{len(users)} users have no time for {events} events; "
                "give more --users or --days"
            )
        else:
            who, user = len(users), None  # nobody
            if rng.random() > 0.035 or events - begun <= len(users) - crowd.seen:
                who = choose_user(rng, crowd, begun / events)
                crowd.busy[who], user = 1, users[who]
            items = int(1.6 / (1 - rng.random()))
            if user is None or not user.plays:
                items = min(items, 3)
            elif user.level == "paid":
                items *= 2
            # Leave events to those who have yet to come, and end before the last day.
            spare = events - begun - len(users) + crowd.seen
            items = max(1, min(items, longest, spare, (end - at) // LONGEST))
            session, begun = session + 1, begun + items
            visit = begin_visit(rng, user, items)
            flow = make_session(rng, plays, visit, session, (at, items))
            second, line = next(flow)
            heapq.heappush(playing, (second, session, line, who, flow))
            at = max(at, due(min(begun, events - 1)))
