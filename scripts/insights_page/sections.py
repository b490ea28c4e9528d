"""What the page asks, in its order: each question, its analysis, how it is shown."""

from collections.abc import Callable
from dataclasses import dataclass

from insights_page import answers, words
from insights_page.charts import Columns, Row, Series

DAYS_SHOWN = 120  # the longest history that time lines show by days, not by weeks
NOTHING = "Nothing has been played yet."


@dataclass(frozen=True)
class Column:
    """A column of a section's table: of which values, under which heading, and how."""

    heading: str
    keys: tuple[str, ...]
    show: Callable[..., str] = words.number
    below: str = ""  # one more value, in small letters below
    names: bool = False  # it says what its row is about
    wide: bool = False  # it holds text from outside, with words of any length
    bar: bool = False  # a bar stands beside the number


@dataclass(frozen=True)
class Week:
    """A table of hours by weekdays, each cell as strong as its value is high."""

    key: str


@dataclass(frozen=True)
class Tiles:
    """The numbers of the first row in large type."""


@dataclass(frozen=True)
class Section:
    """A question, the analysis that answers it, and what is shown of it."""

    question: str
    analysis: str
    answer: Callable[[list[Row]], str]
    columns: tuple[Column, ...]
    caveat: str
    picture: Columns | Week | Tiles | None = None  # none: the table has bars
    limit: int = -1
    empty: str = NOTHING
    size: str = ""  # "wide": as wide as the page; "tall": beside two others


def label(heading: str, *keys: str, show: Callable[..., str] = words.text) -> Column:
    """The column that says what its row is about."""
    return Column(heading, keys, show, names=True)


def name(heading: str, key: str, below: str = "") -> Column:
    """The same, in words of any length and script."""
    return Column(heading, (key,), words.text, below, names=True, wide=True)


def number(heading: str, key: str) -> Column:
    """A column of numbers."""
    return Column(heading, (key,))


def percent(heading: str, key: str) -> Column:
    """A column of shares."""
    return Column(heading, (key,), words.percent)


def bar(heading: str, key: str) -> Column:
    """A column of numbers with bars."""
    return Column(heading, (key,), bar=True)


WEEK = label("week from", "week", show=words.short_day)
LISTENERS = number("listeners", "listeners")
KNOWN = percent("known", "percent_matched")
PLAYS = bar("plays", "plays")


def sections(days: int) -> list[Section]:
    """All sections, for a history of so many days."""
    weekly = days > DAYS_SHOWN
    period, length = ("week", 7) if weekly else ("day", 1)
    when = WEEK if weekly else label("day", "day", show=words.short_day)
    return [
        Section(
            "How much is played, and by how many?",
            "headline",
            answers.headline,
            (
                label("period", "period"),
                number("plays", "plays"),
                LISTENERS,
                number("hours of music", "hours"),
                number("sessions", "sessions"),
                percent("of plays are paid", "percent_paid"),
                percent("in the catalogue", "percent_matched"),
            ),
            "Hours count each song in full: nobody logs when one is skipped. A listener"
            " is a known user with a play.",
            picture=Tiles(),
            size="wide",
        ),
        Section(
            f"How much is played, {period} by {period}?",
            f"plays_by_{period}",
            answers.busiest_week if weekly else answers.busiest_day,
            (
                when,
                number("plays", "plays"),
                number("paid", "paid_plays"),
                number("free", "free_plays"),
                LISTENERS,
            ),
            "By the plan at the time of the play. The first and the last"
            f" {period} may be cut short.",
            picture=Columns(
                f"Plays by {period}",
                period,
                (
                    Series("paid_plays", "paid", "first"),
                    Series("free_plays", "free", "second"),
                ),
                length,
            ),
            size="wide",
        ),
        Section(
            "When in the week do people listen?",
            "plays_by_weekday_and_hour",
            answers.busiest_hour,
            (number("plays per day", "plays_per_day"),),
            "Plays in an average such hour, over days with any play. Hours are UTC, not"
            " the listeners' own.",
            picture=Week("plays_per_day"),
        ),
        Section(
            "Which songs are played most?",
            "most_played_songs",
            answers.song,
            (
                name("song and artist", "song_title", below="artist_name"),
                KNOWN,
                LISTENERS,
                PLAYS,
            ),
            "The ten most played, by title and artist in the logs. Known is the share"
            " of plays whose song the catalogue has.",
            limit=10,
        ),
        Section(
            "Which artists are played most?",
            "most_played_artists",
            answers.artist,
            (name("artist", "artist_name"), KNOWN, LISTENERS, PLAYS),
            "The ten most played, by the name in the logs. Known is the share of plays"
            " whose song the catalogue has.",
            limit=10,
            size="tall",
        ),
        Section(
            "Do paying users listen more?",
            "free_against_paid",
            answers.plans,
            (
                label("plan", "level"),
                LISTENERS,
                number("plays per listener", "plays_per_listener"),
                percent("of all plays", "percent_of_plays"),
                PLAYS,
            ),
            "By the plan at the time of the play: who changed plans listened on both.",
        ),
        Section(
            "Do a few listeners make most plays?",
            "songs_per_listener",
            answers.few,
            (
                label("songs heard", "songs_from", "songs_to", show=words.band),
                LISTENERS,
                percent("of their plays", "percent_of_plays"),
                PLAYS,
            ),
            "By the number of different songs. Plays without a user are left out.",
            empty="Nobody known has listened yet.",
        ),
        Section(
            "How long is a session?",
            "session_sizes",
            answers.session_size,
            (
                label("songs in it", "plays_from", "plays_to", show=words.band),
                number("plays", "plays"),
                percent("of sessions", "percent_of_sessions"),
                bar("sessions", "sessions"),
            ),
            "Sessions with at least one song; one song heard twice counts twice.",
        ),
        Section(
            "Who is new, and who comes back?",
            "listeners_by_week",
            answers.returning,
            (
                WEEK,
                LISTENERS,
                number("returning", "returning_listeners"),
                number("new", "new_listeners"),
            ),
            "Weeks start on Monday (UTC). In the first week everybody is new.",
            picture=Columns(
                "Listeners by week",
                "week",
                (
                    Series("returning_listeners", "returning", "first"),
                    Series("new_listeners", "new", "second"),
                ),
                7,
            ),
            empty="Nobody known has listened yet.",
        ),
        Section(
            "In which state do people listen?",
            "plays_by_state",
            answers.state,
            (name("state", "state"), LISTENERS, PLAYS),
            "The twelve with most plays. An area across states counts for its first;"
            " one keen listener can carry a state.",
            limit=12,
        ),
        Section(
            "Who upgrades, who downgrades?",
            "level_changes_by_week",
            answers.changes,
            (
                WEEK,
                number("upgrades", "upgrades"),
                number("downgrades", "downgrades"),
            ),
            "Changes of plan by week. The plan that a user came with is none.",
            picture=Columns(
                "Upgrades and downgrades by week",
                "week",
                (
                    Series("upgrades", "upgrades", "first"),
                    Series("downgrades", "downgrades", "second", below=True),
                ),
                7,
            ),
            empty="Nobody has changed plans yet.",
        ),
        Section(
            "Does the catalogue know what is played?",
            f"catalogue_coverage_by_{period}",
            answers.known_week if weekly else answers.known_day,
            (
                when,
                number("plays", "plays"),
                number("in the catalogue", "matched"),
                percent("share", "percent_matched"),
            ),
            "The share of plays whose title and artist the catalogue has.",
            picture=Columns(
                f"Share of plays in the catalogue by {period}",
                period,
                (Series("percent_matched", "in the catalogue", "first"),),
                length,
                "%",
            ),
        ),
        Section(
            "With what do people listen?",
            "user_agents",
            answers.agents,
            (
                label("browser", "browser", "platform", show=words.agent),
                LISTENERS,
                PLAYS,
            ),
            "The ten with most plays, by the first name that fits in the user agent.",
            limit=10,
        ),
    ]
