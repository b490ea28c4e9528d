"""What the page asks, in its order: each question, its analysis, how it is shown."""

from insights_page.shapes import Column, Section
from insights_page.words import agent, band, first, name, percent, short_day, text

DAYS_SHOWN = 120  # the longest history that time lines show by days, not by weeks
ALL_THERE = "The catalogue has every song that was played."
NOBODY = "Nobody known has listened yet."

WEEK = Column("week from", "week", short_day)
LISTENERS = Column("listeners", "listeners")
IN_CATALOGUE = Column("in catalogue", "percent_matched", percent)
PLAYS = Column("plays", "plays", bar=True)


def sections(days: int) -> list[Section]:
    """All sections, for a history of so many days."""
    when = WEEK if days > DAYS_SHOWN else Column("day", "day", short_day)
    period = when.key
    return [
        Section(
            "headline",
            (
                Column("period", "period", text),
                Column("plays", "plays", change="plays_percent_change"),
                Column("listeners", "listeners", change="listeners_percent_change"),
                Column("hours of music", "hours", change="hours_percent_change"),
                Column("sessions", "sessions", change="sessions_percent_change"),
                Column("of plays are paid", "percent_paid", percent),
                Column("in the catalogue", "percent_matched", percent),
            ),
            "The average covers up to four weeks, since one alone may hold a holiday."
            " Hours count each song in full. A listener is a known user with a play.",
            form="tiles",
        ),
        Section(
            f"plays_by_{period}",
            (
                when,
                Column("plays", "plays"),
                Column("paid", "paid_plays"),
                Column("free", "free_plays"),
                LISTENERS,
            ),
            "By the plan at the time of the play. The first and the last"
            f" {period} may be cut short.",
            up=("paid_plays", "free_plays"),
        ),
        Section(
            "license_shares",
            (
                Column("missing songs", "songs", first),
                Column("of missing plays", "percent_of_missing", percent),
                Column("of all plays", "percent_of_plays", percent),
                PLAYS,
            ),
            "The songs that are played most and missing in the catalogue. Missing plays"
            " are those whose song it lacks.",
            empty=ALL_THERE,
        ),
        Section(
            f"catalogue_coverage_by_{period}",
            (
                when,
                Column("plays", "plays"),
                Column("in the catalogue", "matched"),
                Column("share", "percent_matched", percent),
            ),
            "The share of plays whose title and artist the catalogue has.",
            up=("percent_matched",),
        ),
        Section(
            "songs_to_license",
            (
                Column("song and artist", "song_title", name, below="artist_name"),
                LISTENERS,
                PLAYS,
            ),
            "The ten most played among those missing in the catalogue.",
            empty=ALL_THERE,
        ),
        Section(
            "artists_to_license",
            (
                Column("artist", "artist_name", name),
                Column("songs", "songs"),
                LISTENERS,
                PLAYS,
            ),
            "The ten most played among the artists of whom the catalogue has no song.",
            empty="The catalogue has a song of every artist that was played.",
        ),
        Section(
            "most_played_songs",
            (
                Column("song and artist", "song_title", name, below="artist_name"),
                IN_CATALOGUE,
                LISTENERS,
                PLAYS,
            ),
            "The ten most played, by title and artist in the logs. In catalogue is the"
            " share of plays whose song the catalogue has.",
        ),
        Section(
            "most_played_artists",
            (Column("artist", "artist_name", name), IN_CATALOGUE, LISTENERS, PLAYS),
            "The ten most played, by the name in the logs. In catalogue is the share of"
            " plays whose song the catalogue has.",
        ),
        Section(
            "songs_never_played",
            (
                Column("song and artist", "title", name, below="artist_name"),
                Column("year", "year", text),
            ),
            "The first ten by their id.",
            empty="Every song of the catalogue has been played.",
        ),
        Section(
            "artists_origins",
            (
                Column("origin", "origin", name),
                Column("artists", "artists"),
                LISTENERS,
                PLAYS,
            ),
            "The ten with most plays, by the catalogue's free text.",
        ),
        Section(
            "weekly_retention",
            (),
            "The newest cohorts, by the week of their first play in these logs; the"
            " stronger the shade, the larger the share. A cut-off cohort may have come"
            " before the logs begin. The last week may be cut short.",
            form="cohorts",
            empty=NOBODY,
        ),
        Section(
            "inactive_listeners",
            (
                Column("user", "user_id", text),
                Column("plan", "level", text),
                Column("last play", "last_play_at", short_day),
                Column("days quiet", "days_quiet"),
                PLAYS,
            ),
            "The ten who had played most. Inactive, not lost: the logs have no"
            " cancellation.",
            empty="Every listener has played in the last 7 days.",
        ),
        Section(
            "listeners_by_week",
            (
                WEEK,
                LISTENERS,
                Column("returning", "returning_listeners"),
                Column("first play in these logs", "new_listeners"),
            ),
            "Weeks start on Monday (UTC). Users may have listened before these logs"
            " begin, so the first week has first plays only.",
            up=("returning_listeners", "new_listeners"),
            empty=NOBODY,
        ),
        Section(
            "plays_by_state",
            (
                Column("state", "state", name),
                Column("plays", "plays"),
                Column("listeners", "listeners", bar=True),
            ),
            "The ten with most listeners. An area across states counts for its first;"
            " one keen listener can carry the plays of a state.",
        ),
        Section(
            "songs_per_listener",
            (
                Column("songs heard", "songs_from", band, until="songs_to"),
                LISTENERS,
                Column("of their plays", "percent_of_plays", percent),
                PLAYS,
            ),
            "By the number of different songs. Plays without a user are left out.",
            empty=NOBODY,
        ),
        Section(
            "free_against_paid",
            (
                Column("plan", "level", text),
                LISTENERS,
                Column("per day", "plays_per_day"),
                Column("mean per listener", "plays_per_listener"),
                Column("median per listener", "median_plays", bar=True),
            ),
            "Plays by the plan at the time: who changed plans listened on both. Per day"
            " divides by all users' days on the plan.",
        ),
        Section(
            "upgrade_funnel",
            (
                Column("change", "change", text),
                Column("saw the page", "saw"),
                Column("of them", "percent_submitted", percent),
                Column("submitted", "submitted", bar=True),
            ),
            "Users, each once, at any time in these logs.",
        ),
        Section(
            "level_changes_by_week",
            (
                WEEK,
                Column("upgrades", "upgrades"),
                Column("downgrades", "downgrades"),
            ),
            "Changes of plan by week. The plan that a user came with is none.",
            up=("upgrades",),
            down=("downgrades",),
        ),
        Section(
            "session_sizes",
            (
                Column("songs in it", "plays_from", band, until="plays_to"),
                Column("plays", "plays"),
                Column("of sessions", "percent_of_sessions", percent),
                Column("sessions", "sessions", bar=True),
            ),
            "Sessions with at least one song; one song heard twice counts twice.",
        ),
        Section(
            "skips",
            (
                Column("plays", "plays"),
                Column("with a next", "plays_with_a_next"),
                Column("skips", "skips"),
                Column("skipped", "percent_skipped", percent),
                Column("hours in full", "hours"),
                Column("hours heard", "heard_hours"),
            ),
            "Nobody logs a skip. A play counts as one if the next play in its session"
            " began before its length had passed; a session's last play has no next.",
        ),
        Section(
            "plays_by_weekday_and_hour",
            (),
            "Listeners in an average such hour, over the days with any play. Grey hours"
            " have had fewer than 5 listeners. Hours are UTC, not the listeners' own.",
            form="week",
            empty=NOBODY,
        ),
        Section(
            "user_agents",
            (
                Column("browser", "browser", agent, until="platform"),
                LISTENERS,
                PLAYS,
            ),
            "The ten with most plays, by the first name that fits in the user agent.",
        ),
    ]
