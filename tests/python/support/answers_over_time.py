"""What each analysis over time must answer: a function of its name."""

from collections import Counter
from collections.abc import Callable
from datetime import date, timedelta
from decimal import Decimal
from functools import partial
from itertools import pairwise

from support import by_hand
from support.answers import Row, day, grouped, in_catalogue, seconds, sessions_of, week
from support.by_hand import Play, listeners, ratio, rounded
from support.helpers import DataSet


def plays_by_hour(data: DataSet) -> list[Row]:
    groups = grouped(data.plays, lambda play: play.moment.hour)
    return [
        (at, len(all_), listeners(all_), ratio(100 * len(all_), len(data.plays)))
        for at, all_ in sorted(groups.items())
    ]


def plays_by_weekday(data: DataSet) -> list[Row]:
    rows = []
    groups = grouped(data.plays, lambda play: play.moment.isoweekday() % 7)
    for at, all_ in sorted(groups.items()):
        days = len(set(map(day, all_)))
        counts = (len(all_), listeners(all_), days, ratio(len(all_), days))
        rows.append((at, f"{all_[0].moment:%A}", *counts))
    return rows


def plays_by_weekday_and_hour(data: DataSet) -> list[Row]:
    days = grouped(data.plays, lambda play: play.moment.isoweekday())
    cells = grouped(data.plays, lambda p: (p.moment.isoweekday(), p.moment.hour))
    rows = []
    for (weekday, hour), all_ in sorted(cells.items()):
        of = len(set(map(day, days[weekday])))
        average = ratio(len({(day(play), play.user_id) for play in all_}), of)
        name = f"{all_[0].moment:%A}"
        counts = (len(all_), listeners(all_), of, ratio(len(all_), of), average)
        rows.append((weekday % 7, name, hour, *counts))
    places = sorted(range(len(rows)), key=lambda at: (-rows[at][7], -rows[at][3], at))
    return [(*row, places.index(at) + 1) for at, row in enumerate(rows)]


def plays_over_time(key: Callable[[Play], date], data: DataSet) -> list[Row]:
    groups = grouped(data.plays, key)
    places = sorted(groups, key=lambda at: (-len(groups[at]), at))
    rows = []
    for at, all_ in groups.items():
        levels = Counter(play.level for play in all_)
        counts = (len(all_), levels["paid"], levels["free"], listeners(all_))
        rows.append((at, *counts, places.index(at) + 1))
    return rows


def coverage_over_time(key: Callable[[Play], date], data: DataSet) -> list[Row]:
    rows = []
    for at, all_ in grouped(data.plays, key).items():
        how = by_hand.matches(all_)
        rows.append((at, *how.values(), in_catalogue(all_)))
    return rows


plays_by_day, plays_by_week = (partial(plays_over_time, key) for key in (day, week))
catalogue_coverage_by_day = partial(coverage_over_time, day)
catalogue_coverage_by_week = partial(coverage_over_time, week)


def headline(data: DataSet) -> list[Row]:
    days = [day(play) for play in data.plays]
    first, last = min(days), max(days)
    newest = max(play.moment for play in data.plays)

    def of(span: tuple[date, date]) -> list[Play]:
        return [play for play in data.plays if span[0] <= day(play) <= span[1]]

    def averages(*spans: tuple[date, date]) -> list[Decimal]:
        each = [
            (len(all_), listeners(all_), seconds(all_) / 3600, sessions_of(all_))
            for all_ in map(of, spans)
        ]
        added = (
            sum(map(Decimal, all_), Decimal(0)) for all_ in zip(*each, strict=True)
        )
        return [figure / len(spans) for figure in added]

    def row(period: str, *spans: tuple[date, date]) -> Row:
        plays, who, hours, sessions = averages(*spans)
        all_ = [play for span in spans for play in of(span)]
        paid = ratio(100 * sum(play.level == "paid" for play in all_), len(all_))
        since, until = spans[-1][0], spans[0][1]
        return (
            *(period, since, until, (until - since).days + 1),
            *(int(rounded(figure, "1")) for figure in (plays, who)),
            *(rounded(hours, "0.1"), int(rounded(sessions, "1"))),
            *(paid, in_catalogue(all_)),
        )

    weeks = [
        (last - timedelta(days=7 * weeks + 6), last - timedelta(days=7 * weeks))
        for weeks in range(5)
    ]
    this, *before = [span for span in weeks if span[0] >= first]
    grown = [
        rounded(100 * (now / usual - 1), "0.1")
        for now, usual in zip(averages(this), averages(*before), strict=True)
    ]
    nothing = [None] * 4
    return [
        (*row("all", (first, last)), *nothing, newest),
        (*row("last 7 days", this), *grown, newest),
        (*row("average week before", *before), *nothing, newest),
    ]


def sessions(data: DataSet) -> list[Row]:
    each = grouped(data.plays, lambda play: play.session_id).values()
    lengths = [all_[-1].ts - all_[0].ts for all_ in each]
    return [
        (
            *(len(each), len(data.plays), ratio(len(data.plays), len(each))),
            max(map(len, each)),
            *(ratio(sum(lengths), 60_000 * len(each)), ratio(max(lengths), 60_000)),
            sum(len(all_) == 1 for all_ in each),
        )
    ]


def session_sizes(data: DataSet) -> list[Row]:
    sizes = Counter(play.session_id for play in data.plays).values()
    rows = []
    for least, most in [(1, 1), (2, 5), (6, 10), (11, 20), (21, 50), (51, None)]:
        if band := [size for size in sizes if least <= size <= (most or size)]:
            share = ratio(100 * len(band), len(sizes))
            rows.append((least, most, len(band), len(sizes), sum(band), share))
    return rows


def skips(data: DataSet) -> list[Row]:
    each = grouped(data.plays, lambda play: play.session_id).values()
    gaps = [
        (play, later.ts - play.ts) for all_ in each for play, later in pairwise(all_)
    ]
    skipped = [(play, gap) for play, gap in gaps if gap < int(play.duration) * 1000]
    unheard = sum(
        (play.duration - Decimal(gap) / 1000 for play, gap in skipped), Decimal(0)
    )
    hours = (seconds(data.plays), seconds(data.plays) - unheard)
    share = ratio(100 * len(skipped), len(gaps))
    counts = (len(data.plays), len(gaps), len(skipped), share)
    return [(*counts, *(ratio(of, 3600) for of in hours))]
