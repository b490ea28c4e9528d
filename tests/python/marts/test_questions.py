"""The ten questions of docs/model.md, in plain SQL, against plain Python."""

from collections import Counter
from datetime import date
from typing import Any

from support import by_hand
from support.by_hand import Play, Raw
from support.helpers import DataSet
from support.pages import questions

Row = tuple[Any, ...]


def ordered(counts: Counter[Any]) -> list[Row]:
    """Groups and their counts, by group."""
    return [(*key, count) for key, count in sorted(counts.items())]


def test_the_ten_questions_are_right_as_they_stand(
    data_set: DataSet, events: list[Raw], catalogue: list[Raw], plays: list[Play]
) -> None:
    days = by_hand.dates(events)
    per_day = Counter(play.moment.date() for play in plays)
    per_week = Counter({(iso_year, week): 0 for _, _, iso_year, week, *_ in days})
    per_week.update(play.moment.isocalendar()[:2] for play in plays)
    origins = {artist: at for artist, _, at, *_ in by_hand.artists(catalogue)}
    per_origin = Counter(origins.get(play.artist_id) for play in plays)
    titles = {song: title for song, title, *_ in by_hand.songs(catalogue)}
    played = {play.song_id for play in plays}
    listened = {(play.user_id, monday(play)) for play in plays if play.user_id}
    first = dict(sorted(listened, reverse=True))
    users = {(raw["page"], raw["userId"]) for raw in events if raw["userId"]}
    changes = [(page,) for page, _ in users if str(page).endswith("grade")]
    expected = [
        [(day, per_day[day]) for day, *_ in days],
        ordered(
            Counter((play.moment.isoweekday() % 7, play.moment.hour) for play in plays)
        ),
        ordered(per_week),
        top_songs(plays),
        sorted(
            per_origin.items(), key=lambda row: (-row[1], row[0] is None, row[0] or "")
        ),
        sorted((song, title) for song, title in titles.items() if song not in played),
        ordered(Counter((play.level,) for play in plays)),
        sorted(
            (play.songplay_id, titles.get(play.song_id), play.duration)
            for play in plays
        ),
        ordered(Counter((first[user], week) for user, week in listened)),
        ordered(Counter(changes)),
    ]
    queries = questions()
    data_set.warehouse.release()  # dbt may have the file open for reading alone
    assert len(queries) == len(expected)
    for query, rows in zip(queries, expected, strict=True):
        assert data_set.warehouse.rows(query) == rows, query


def monday(play: Play) -> date:
    return date.fromisocalendar(*play.moment.isocalendar()[:2], 1)


def top_songs(plays: list[Play]) -> list[Row]:
    """The ten songs that are played most."""
    counts = Counter((play.song_title, play.artist_name) for play in plays)
    rows = [(*song, count) for song, count in counts.items()]
    return sorted(rows, key=lambda row: (-row[2], row[0], row[1]))[:10]
