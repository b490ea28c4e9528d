"""What the page asks, in its order: each question, its analysis, how it is shown."""

from insights_page import words
from insights_page.charts import Columns, Series
from insights_page.shapes import Section, bar, label, name, number, percent, plain

DAYS_SHOWN = 120  # the longest history that time lines show by days, not by weeks
ALL_THERE = "The catalogue has every song that was played."
NOBODY = "Nobody known has listened yet."

WEEK = label("week from", "week", show=words.short_day)
LISTENERS = number("listeners", "listeners")
IN_CATALOGUE = percent("in catalogue", "percent_matched")
PLAYS = bar("plays", "plays")


def sections(days: int) -> list[Section]:
    """All sections, for a history of so many days."""
    weekly = days > DAYS_SHOWN
    period, length = ("week", 7) if weekly else ("day", 1)
    when = WEEK if weekly else label("day", "day", show=words.short_day)
    return [
        Section(
            "headline",
            (
                label("period", "period"),
                number("plays", "plays", "plays_percent_change"),
                number("listeners", "listeners", "listeners_percent_change"),
                number("hours of music", "hours", "hours_percent_change"),
                number("sessions", "sessions", "sessions_percent_change"),
                percent("of plays are paid", "percent_paid"),
                percent("in the catalogue", "percent_matched"),
            ),
            "The average covers up to four weeks, since one alone may hold a holiday."
            " Hours count each song in full. A listener is a known user with a play.",
            picture="tiles",
        ),
        Section(
            f"plays_by_{period}",
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
                total="plays",
            ),
        ),
        Section(
            "license_shares",
            (
                label("missing songs", "songs", show=words.first),
                percent("of missing plays", "percent_of_missing"),
                percent("of all plays", "percent_of_plays"),
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
            "songs_to_license",
            (
                name("song and artist", "song_title", below="artist_name"),
                LISTENERS,
                PLAYS,
            ),
            "The ten most played among those missing in the catalogue.",
            empty=ALL_THERE,
        ),
        Section(
            "artists_to_license",
            (name("artist", "artist_name"), number("songs", "songs"), LISTENERS, PLAYS),
            "The ten most played among the artists of whom the catalogue has no song.",
            empty="The catalogue has a song of every artist that was played.",
        ),
        Section(
            "most_played_songs",
            (
                name("song and artist", "song_title", below="artist_name"),
                IN_CATALOGUE,
                LISTENERS,
                PLAYS,
            ),
            "The ten most played, by title and artist in the logs. In catalogue is the"
            " share of plays whose song the catalogue has.",
        ),
        Section(
            "most_played_artists",
            (name("artist", "artist_name"), IN_CATALOGUE, LISTENERS, PLAYS),
            "The ten most played, by the name in the logs. In catalogue is the share of"
            " plays whose song the catalogue has.",
        ),
        Section(
            "songs_never_played",
            (
                name("song and artist", "title", below="artist_name"),
                plain("year", "year"),
            ),
            "The first ten by their id.",
            empty="Every song of the catalogue has been played.",
        ),
        Section(
            "artists_origins",
            (name("origin", "origin"), number("artists", "artists"), LISTENERS, PLAYS),
            "The ten with most plays, by the catalogue's free text.",
        ),
        Section(
            "weekly_retention",
            (),
            "The newest cohorts, by the week of their first play in these logs; the"
            " stronger the shade, the larger the share. A cut-off cohort may have come"
            " before the logs begin. The last week may be cut short.",
            picture="cohorts",
            empty=NOBODY,
        ),
        Section(
            "inactive_listeners",
            (
                label("user", "user_id"),
                plain("plan", "level"),
                plain("last play", "last_play_at", words.short_day),
                number("days quiet", "days_quiet"),
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
                number("returning", "returning_listeners"),
                number("first play in these logs", "new_listeners"),
            ),
            "Weeks start on Monday (UTC). Users may have listened before these logs"
            " begin, so the first week has first plays only.",
            picture=Columns(
                "Listeners by week",
                "week",
                (
                    Series("returning_listeners", "returning", "first"),
                    Series("new_listeners", "first play in these logs", "second"),
                ),
                7,
                total="listeners",
            ),
            empty=NOBODY,
        ),
        Section(
            "plays_by_state",
            (
                name("state", "state"),
                number("plays", "plays"),
                bar("listeners", "listeners"),
            ),
            "The ten with most listeners. An area across states counts for its first;"
            " one keen listener can carry the plays of a state.",
        ),
        Section(
            "songs_per_listener",
            (
                label("songs heard", "songs_from", "songs_to", show=words.band),
                LISTENERS,
                percent("of their plays", "percent_of_plays"),
                PLAYS,
            ),
            "By the number of different songs. Plays without a user are left out.",
            empty=NOBODY,
        ),
        Section(
            "free_against_paid",
            (
                label("plan", "level"),
                LISTENERS,
                number("per day", "plays_per_day"),
                number("mean per listener", "plays_per_listener"),
                bar("median per listener", "median_plays"),
            ),
            "Plays by the plan at the time: who changed plans listened on both. Per day"
            " divides by all users' days on the plan.",
        ),
        Section(
            "upgrade_funnel",
            (
                label("change", "change"),
                number("saw the page", "saw"),
                percent("of them", "percent_submitted"),
                bar("submitted", "submitted"),
            ),
            "Users, each once, at any time in these logs.",
        ),
        Section(
            "level_changes_by_week",
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
        ),
        Section(
            "session_sizes",
            (
                label("songs in it", "plays_from", "plays_to", show=words.band),
                number("plays", "plays"),
                percent("of sessions", "percent_of_sessions"),
                bar("sessions", "sessions"),
            ),
            "Sessions with at least one song; one song heard twice counts twice.",
        ),
        Section(
            "skips",
            (
                number("plays", "plays"),
                number("with a next", "plays_with_a_next"),
                number("skips", "skips"),
                percent("skipped", "percent_skipped"),
                number("hours in full", "hours"),
                number("hours heard", "heard_hours"),
            ),
            "Nobody logs a skip. A play counts as one if the next play in its session"
            " began before its length had passed; a session's last play has no next.",
        ),
        Section(
            "plays_by_weekday_and_hour",
            (),
            "Listeners in an average such hour, over the days with any play. Grey hours"
            " have had fewer than 5 listeners. Hours are UTC, not the listeners' own.",
            picture="week",
            empty=NOBODY,
        ),
        Section(
            "user_agents",
            (
                label("browser", "browser", "platform", show=words.agent),
                LISTENERS,
                PLAYS,
            ),
            "The ten with most plays, by the first name that fits in the user agent.",
        ),
    ]
