"""The sentence that answers each question, made of the rows of its analysis.

Every function takes the rows, at least one, and computes nothing: a number that no row
holds is not said.
"""

from markupsafe import Markup

from insights_page.charts import Row
from insights_page.words import (
    agent,
    band,
    count,
    day,
    name,
    number,
    percent,
    period,
    text,
)


def headline(rows: list[Row]) -> str:
    """Which days are compared, or all where there are no two weeks."""
    if len(rows) < 3:
        return f"{_plays(rows[0])}."
    _, last, before = rows
    return (
        f"The last 7 days, {period(last['from_day'], last['to_day'])}, against an"
        f" average week of {period(before['from_day'], before['to_day'])}."
    )


def busiest_day(rows: list[Row]) -> str:
    """The day of most plays."""
    row = _first(rows)
    return (
        f"The busiest day was {row['day']:%A}, {day(row['day'])},"
        f" with {count(row['plays'], 'play')}."
    )


def busiest_week(rows: list[Row]) -> str:
    """The week of most plays."""
    row = _first(rows)
    return (
        f"The busiest week was that from Monday, {day(row['week'])},"
        f" with {count(row['plays'], 'play')}."
    )


def busiest_hour(rows: list[Row]) -> str:
    """The hour of the week in which most people listen."""
    row = _first(rows)
    return (
        f"Most on {row['weekday_name']}s at {row['hour']:02}:00 UTC:"
        f" {number(row['listeners_per_day'])} listeners on average, over"
        f" {count(row['days'], row['weekday_name'])}."
    )


def song(rows: list[Row]) -> str:
    """The song played most. Its name comes last: it may be very long."""
    row = rows[0]
    return Markup("{}: {} by {}.").format(
        _plays(row), name(row["song_title"]), name(row["artist_name"])
    )


def artist(rows: list[Row]) -> str:
    """The artist played most."""
    row = rows[0]
    songs = count(row["songs"], "song")
    return Markup("{} of {}: {}.").format(
        count(row["plays"], "play"), songs, name(row["artist_name"])
    )


def plans(rows: list[Row]) -> str:
    """What the median listener of each plan plays, and how much in a day."""
    if len(rows) == 1:
        return f"All plays are on one plan: {text(rows[0]['level'])}."
    each = [
        f"{number(row['median_plays'])} plays on the {text(row['level'])} plan"
        f" ({number(row['plays_per_day'])} a day)"
        for row in reversed(rows)
    ]
    return f"The median listener: {', '.join(each)}."


def few(rows: list[Row]) -> str:
    """How much the listeners of most songs play."""
    row = rows[-1]
    songs = band(row["songs_from"], row["songs_to"])
    return (
        f"{number(row['listeners'])} of {count(row['all_listeners'], 'listener')} make"
        f" {percent(row['percent_of_plays'])} of the plays: those who heard {songs}"
        " different songs."
    )


def session_size(rows: list[Row]) -> str:
    """How many sessions are of the smallest size."""
    row = rows[0]
    size = band(row["plays_from"], row["plays_to"])
    songs = "song" if row["plays_to"] == 1 else "songs"
    return (
        f"{number(row['sessions'])} of {count(row['all_sessions'], 'session')}"
        f" ({percent(row['percent_of_sessions'])}) hold {size} {songs}."
    )


def returning(rows: list[Row]) -> str:
    """Who came back and who was new in the latest week."""
    row = rows[-1]
    return (
        f"In the week from {day(row['week'])},"
        f" {count(row['returning_listeners'], 'listener')} came back and"
        f" {number(row['new_listeners'])} had their first play in these logs."
    )


def state(rows: list[Row]) -> str:
    """The state with most listeners."""
    row = rows[0]
    return Markup("{} leads with {}, who made {}.").format(
        name(row["state"]),
        count(row["listeners"], "listener"),
        count(row["plays"], "play"),
    )


def changes(rows: list[Row]) -> str:
    """How often plans were changed, in all."""
    row = rows[-1]
    if not row["upgrades_so_far"] + row["downgrades_so_far"]:
        return "Nobody has changed plans yet."
    return (
        f"{count(row['upgrades_so_far'], 'upgrade')} and"
        f" {count(row['downgrades_so_far'], 'downgrade')} so far."
    )


def coverage_day(rows: list[Row]) -> str:
    """How much of the latest day is in the catalogue."""
    return f"On {day(rows[-1]['day'])} {_coverage(rows[-1])}."


def coverage_week(rows: list[Row]) -> str:
    """How much of the latest week is in the catalogue."""
    return f"In the week from {day(rows[-1]['week'])} {_coverage(rows[-1])}."


def licensing(rows: list[Row]) -> str:
    """What the first hundred missing songs would add."""
    row = next(row for row in rows if row["songs"] == 100)
    return (
        f"The 100 most played missing songs would bring {count(row['plays'], 'play')}"
        f" into the catalogue, {percent(row['percent_of_plays'])} of all."
    )


def never_played(rows: list[Row]) -> str:
    """How many songs of the catalogue nobody has played."""
    row = rows[0]
    return (
        f"{number(row['all_never_played'])} of {count(row['all_songs'], 'song')} were"
        " never played."
    )


def origin(rows: list[Row]) -> str:
    """The origin of most plays that the catalogue has."""
    found = [row for row in rows if not row["origin"].endswith("not in the catalogue")]
    if not found:
        return "The catalogue has no origin of the artists played."
    return Markup("{}, from {}.").format(_plays(found[0]), name(found[0]["origin"]))


def retention(rows: list[Row]) -> str:
    """How many of the largest cohort came back after a week."""
    later = [row for row in rows if row["weeks_later"] == 1]
    if not later:
        return "These logs hold no week after a first one yet."
    row = max(later, key=lambda row: row["listeners"])
    return (
        f"{number(row['returned'])} of {count(row['listeners'], 'listener')} of the"
        f" week from {day(row['cohort'])} came back a week later."
    )


def quiet(rows: list[Row]) -> str:
    """How many have stopped playing, and how many of them pay."""
    row = rows[0]
    return (
        f"{number(row['all_quiet'])} of {count(row['all_listeners'], 'listener')} have"
        f" not played in the last 7 days, {number(row['all_quiet_paid'])} of them on"
        " the paid plan."
    )


def funnel(rows: list[Row]) -> str:
    """How many submitted each change, of those who saw its page."""
    each = [
        f"{number(row['submitted'])} of {number(row['saw'])} to {row['change']}"
        for row in rows
    ]
    return f"Submitted by those who saw the page: {', '.join(each)}."


def skipped(rows: list[Row]) -> str:
    """How many plays were skipped, and how many hours that leaves."""
    row = rows[0]
    return (
        f"{number(row['skips'])} of {count(row['plays_with_a_next'], 'play')} were"
        f" skipped: {number(row['heard_hours'])} of {number(row['hours'])} hours were"
        " heard."
    )


def agents(rows: list[Row]) -> str:
    """The browser and platform with most plays."""
    row = rows[0]
    return f"{agent(row['browser'], row['platform'])} leads with {_plays(row)}."


def _first(rows: list[Row]) -> Row:
    return next(row for row in rows if row["place"] == 1)


def _plays(row: Row) -> str:
    plays, listeners = count(row["plays"], "play"), count(row["listeners"], "listener")
    return f"{plays} by {listeners}"


def _coverage(row: Row) -> str:
    return (
        f"{number(row['matched'])} of {count(row['plays'], 'play')}"
        f" ({percent(row['percent_matched'])}) had their song in the catalogue"
    )
