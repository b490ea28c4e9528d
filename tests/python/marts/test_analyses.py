"""Every analysis against what plain Python counts in the raw files."""

from collections import Counter
from typing import Any

import pytest
from common.settings import PROJECT
from support import answers, answers_over_time
from support.answers import Row, by_user, day, song, week
from support.helpers import DataSet
from support.pages import questions

ANALYSES = sorted(path.stem for path in (PROJECT / "analyses").glob("*.sql"))
# Columns that say when, how large and what hash, or how the rest compare.
LEFT_OUT = {"file_history": {5, 6, 7}, "expected_against_actual": {2, 4}}


@pytest.fixture(scope="session")
def answered(data_set: DataSet) -> dict[str, list[Row]]:
    """The rows of every analysis, in the order that it gives them."""
    return data_set.answers()


@pytest.mark.parametrize("analysis", ANALYSES)
def test_an_analysis_answers_what_plain_python_counts(
    analysis: str, answered: dict[str, list[Row]], data_set: DataSet
) -> None:
    by_python = vars(answers) | vars(answers_over_time)
    left_out = LEFT_OUT.get(analysis, set())
    assert [
        tuple(value for at, value in enumerate(row) if at not in left_out)
        for row in answered[analysis]
    ] == by_python[analysis](data_set)


def ordered(counts: Counter[Any]) -> list[Row]:
    """Groups and their counts, by group."""
    return [(*key, count) for key, count in sorted(counts.items())]


def test_the_ten_questions_of_the_docs_are_right_as_they_stand(
    data_set: DataSet,
) -> None:
    plays, days = data_set.plays, data_set.rows["dates"]
    per_day = Counter(map(day, plays))
    per_week = Counter({(iso_year, week): 0 for _, _, iso_year, week, *_ in days})
    per_week.update(play.moment.isocalendar()[:2] for play in plays)
    at = [(play.moment.isoweekday() % 7, play.moment.hour) for play in plays]
    songs = sorted(Counter(map(song, plays)).items(), key=lambda of: (-of[1], of[0]))
    origins = {artist: origin for artist, _, origin, *_ in data_set.rows["artists"]}
    per_origin = Counter(origins.get(play.artist_id) for play in plays)
    titles = {song: title for song, title, *_ in data_set.rows["songs"]}
    cohorts = Counter(
        (week(all_[0]), at)
        for all_ in by_user(data_set).values()
        for at in set(map(week, all_))
    )
    users = {(raw["page"], raw["userId"]) for raw in data_set.events if raw["userId"]}
    expected: list[list[Row]] = [
        [(day, per_day[day]) for day, *_ in days],
        ordered(Counter(at)),
        ordered(per_week),
        [(*song, count) for song, count in songs[:10]],
        sorted(per_origin.items(), key=lambda of: (-of[1], of[0] is None, of[0] or "")),
        [row[:2] for row in answers.songs_never_played(data_set)],
        ordered(Counter((play.level,) for play in plays)),
        sorted((p.songplay_id, titles.get(p.song_id), p.duration) for p in plays),
        ordered(cohorts),
        ordered(Counter((page,) for page, _ in users if str(page).endswith("grade"))),
    ]
    data_set.warehouse.release()  # dbt may have the file open for reading alone
    for query, rows in zip(questions(), expected, strict=True):
        assert data_set.warehouse.rows(query) == rows, query


def test_the_real_data_gives_its_published_counts(real_set: DataSet) -> None:
    (rows,) = real_set.answers("expected_against_actual").values()
    assert len(rows) > 10
    assert {row[4] for row in rows} == {0}
