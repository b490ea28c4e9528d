"""The sentence that answers each question, made of the rows of its analysis.

Every function takes the rows, at least one, and computes nothing: a number that no row
holds is not said.
"""

from markupsafe import Markup

from insights_page.charts import Row
from insights_page.words import agent, band, count, day, name, number, percent, text


def headline(rows: list[Row]) -> str:
    """How the last week compares, or all where there are no two weeks."""
    if len(rows) < 3:
        return f"{_plays(rows[0])}."
    _, last, before = rows
    return (
        f"{count(last['plays'], 'play')} in the last 7 days,"
        f" against {number(before['plays'])} in the 7 before."
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
    """The hour of the week in which most is played."""
    row = _first(rows)
    return (
        f"Most on {row['weekday_name']}s at {row['hour']:02}:00 UTC:"
        f" {number(row['plays_per_day'])} plays in an average such hour."
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
    """Plays per listener on each plan."""
    if len(rows) == 1:
        return f"All plays are on one plan: {text(rows[0]['level'])}."
    each = [
        f"{number(row['plays_per_listener'])} plays per listener on the"
        f" {text(row['level'])} plan"
        for row in reversed(rows)
    ]
    return f"{', '.join(each)}."


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
        f" {number(row['new_listeners'])} came for the first time."
    )


def state(rows: list[Row]) -> str:
    """The state with most plays."""
    return Markup("{} leads with {}.").format(name(rows[0]["state"]), _plays(rows[0]))


def changes(rows: list[Row]) -> str:
    """How often plans were changed, in all."""
    row = rows[-1]
    return (
        f"{count(row['upgrades_so_far'], 'upgrade')} and"
        f" {count(row['downgrades_so_far'], 'downgrade')} so far."
    )


def known_day(rows: list[Row]) -> str:
    """What the catalogue knew on the latest day."""
    return f"On {day(rows[-1]['day'])} the catalogue knew {_known(rows[-1])}."


def known_week(rows: list[Row]) -> str:
    """What the catalogue knew in the latest week."""
    row = rows[-1]
    return f"In the week from {day(row['week'])} the catalogue knew {_known(row)}."


def agents(rows: list[Row]) -> str:
    """The browser and platform with most plays."""
    row = rows[0]
    return f"{agent(row['browser'], row['platform'])} leads with {_plays(row)}."


def _first(rows: list[Row]) -> Row:
    return next(row for row in rows if row["place"] == 1)


def _plays(row: Row) -> str:
    plays, listeners = count(row["plays"], "play"), count(row["listeners"], "listener")
    return f"{plays} by {listeners}"


def _known(row: Row) -> str:
    plays = count(row["plays"], "play")
    return f"{number(row['matched'])} of {plays}, {percent(row['percent_matched'])}"
