"""What the page asks, in its order: each question's analysis, and what is shown of it.

The first comment of an analysis says how it counts; the page repeats it.
"""

from dataclasses import dataclass

TOP = 10  # rows of a ranking
COHORTS = 6  # the newest ones; they have 1, 2, ... rows
DAYS_SHOWN = 120  # the longest history that time lines show by days, not by weeks


@dataclass(frozen=True)
class Section:
    """An analysis, and the columns of its table, the first of which names the row.

    `bars` is the column with a bar beside each number. `up` and `down` are the columns
    to draw over time, one upon the other on either side of a base line; the first
    column is then `day` or `week`.
    """

    analysis: str
    columns: tuple[str, ...] = ()
    bars: str = "plays"
    up: tuple[str, ...] = ()
    down: tuple[str, ...] = ()
    form: str = ""  # a macro instead of a table: "tiles", "week" or "cohorts"

    @property
    def drawn(self) -> tuple[str, ...]:
        """The columns that are drawn over time."""
        return self.up + self.down

    @property
    def limit(self) -> int | None:
        """How many rows to show: the first ten of a ranking, all of a picture."""
        if self.form == "cohorts":
            return COHORTS * (COHORTS + 1) // 2
        return None if self.form or self.drawn else TOP


def sections(days: int) -> list[Section]:
    """All sections, for a history of so many days."""
    period = "week" if days > DAYS_SHOWN else "day"
    shares = ("percent_paid", "percent_matched")
    ranked = ("percent_matched", "listeners", "plays")
    return [
        Section(
            "headline",
            ("period", "plays", "listeners", "hours", "sessions", *shares),
            form="tiles",
        ),
        Section(
            f"plays_by_{period}",
            (period, "plays", "paid_plays", "free_plays", "listeners"),
            up=("paid_plays", "free_plays"),
        ),
        Section(
            "license_shares",
            ("songs", "percent_of_missing", "percent_of_plays", "plays"),
        ),
        Section(
            f"catalogue_coverage_by_{period}",
            (period, "plays", "matched", "percent_matched"),
            up=("percent_matched",),
        ),
        Section("songs_to_license", ("song_title", "listeners", "plays")),
        Section("artists_to_license", ("artist_name", "songs", "listeners", "plays")),
        Section("most_played_songs", ("song_title", *ranked)),
        Section("most_played_artists", ("artist_name", *ranked)),
        Section("songs_never_played", ("title",)),
        Section("artists_origins", ("origin", "artists", "listeners", "plays")),
        Section("weekly_retention", form="cohorts"),
        Section(
            "inactive_listeners",
            ("user_id", "level", "last_play_at", "days_quiet", "plays"),
        ),
        Section(
            "listeners_by_week",
            ("week", "listeners", "returning_listeners", "new_listeners"),
            up=("returning_listeners", "new_listeners"),
        ),
        Section("plays_by_state", ("state", "plays", "listeners"), bars="listeners"),
        Section(
            "songs_per_listener",
            ("songs_from", "listeners", "percent_of_plays", "plays"),
        ),
        Section(
            "free_against_paid",
            (
                "level",
                "listeners",
                "plays_per_day",
                "plays_per_listener",
                "median_plays",
            ),
            bars="median_plays",
        ),
        Section(
            "upgrade_funnel",
            ("change", "saw", "percent_submitted", "submitted"),
            bars="submitted",
        ),
        Section(
            "level_changes_by_week",
            ("week", "upgrades", "downgrades"),
            up=("upgrades",),
            down=("downgrades",),
        ),
        Section(
            "session_sizes",
            ("plays_from", "plays", "percent_of_sessions", "sessions"),
            bars="sessions",
        ),
        Section(
            "skips",
            (
                "plays",
                "plays_with_a_next",
                "skips",
                "percent_skipped",
                "hours",
                "heard_hours",
            ),
            bars="",
        ),
        Section("plays_by_weekday_and_hour", form="week"),
        Section("user_agents", ("browser", "platform", "listeners", "plays")),
    ]
