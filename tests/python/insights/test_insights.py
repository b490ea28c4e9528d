"""The page shows what the analyses say, in tables and in marks, whatever the data."""

import re
from collections.abc import Callable
from pathlib import Path

import insights
import pytest
from click.testing import CliRunner, Result
from dbt_project.runner import Dbt
from insights_page.sections import sections
from support.helpers import DataSet, Warehouse
from support.insights_page import TITLES, Page, cells, texts


@pytest.fixture(scope="session")
def page(sample_set: DataSet) -> Page:
    return Page(sample_set.warehouse)


@pytest.fixture
def changed(sample_set: DataSet, tmp_path: Path) -> Callable[[str], Page]:
    """The page of the sample data after a change to its marts."""

    def change(sql: str) -> Page:
        copy = sample_set.warehouse.copy(tmp_path)
        copy.change(sql)
        return Page(copy)

    return change


def test_every_table_is_its_analysis_and_every_mark_its_table(page: Page) -> None:
    page.check()
    assert len(cells(page.parts["most_played_songs"])) == 11
    assert cells(page.parts["songs_per_listener"])[:2] == [
        ["songs heard", "listeners", "share of plays", "plays"],
        ["1 to 9", "15", "1.0%", "72"],
    ]
    assert cells(page.parts["inactive_listeners"])[:2] == [
        ["user", "level", "last play", "days quiet", "plays"],
        ["73", "free", "13 Nov 2018", "17", "133"],
    ]
    caveats = {name: texts(part, "p.caveat")[0] for name, part in page.parts.items()}
    assert all(caveat[-1] == "." and "?" not in caveat for caveat in caveats.values())
    assert caveats["most_played_artists"] == (
        "By the name in the logs, so artists outside the catalogue count too. More"
        " listeners break a tie. These are the first 10."
    )


def test_the_real_data_has_these_answers(real_set: DataSet) -> None:
    page = Page(real_set.warehouse)
    page.check()
    answers = {name: page.answer(name) for name in page.parts}
    assert answers == {
        "headline": "The last 7 days, 24 to 30 November 2018, against an average week"
        " of 3 to 23 November 2018.",
        "plays_by_day": "The busiest day was Thursday, 15 November 2018, with 479"
        " plays.",
        "license_shares": "The 100 most played missing songs would bring 745 plays"
        " into the catalogue, 10.9% of all.",
        "catalogue_coverage_by_day": "On 30 November 2018 16 of 330 plays (4.8%) had"
        " their song in the catalogue.",
        "songs_to_license": "28 plays by 14 listeners: Undo by Björk.",
        "artists_to_license": "35 plays of 9 songs: Florence + The Machine.",
        "most_played_songs": "37 plays by 22 listeners: You're The One by Dwight"
        " Yoakam.",
        "most_played_artists": "58 plays of 24 songs: Coldplay.",
        "songs_never_played": "14,671 of 14,896 songs were never played.",
        "artists_origins": "146 plays by 41 listeners, from Los Angeles, CA.",
        "weekly_retention": "35 of 41 listeners of the week from 29 October 2018 came"
        " back a week later.",
        "inactive_listeners": "26 of 96 listeners have not played in the last 7 days,"
        " 5 of them on the paid plan.",
        "listeners_by_week": "In the week from 26 November 2018, 57 listeners came"
        " back and 5 had their first play in these logs.",
        "plays_by_state": "CA leads with 17 listeners, who made 1,572 plays.",
        "songs_per_listener": "18 of 96 listeners make 82.1% of the plays: those who"
        " heard 100 or more different songs.",
        "free_against_paid": "The median listener: 210.5 plays on the paid plan (12.0"
        " a day), 9.5 plays on the free plan (0.7 a day).",
        "upgrade_funnel": "Submitted by those who saw the page: 8 of 15 to upgrade, 1"
        " of 17 to downgrade.",
        "level_changes_by_week": "8 upgrades and 1 downgrade so far.",
        "session_sizes": "284 of 776 sessions (36.6%) hold 1 song.",
        "skips": "0 of 6,044 plays were skipped: 468.0 of 468.0 hours were heard.",
        "plays_by_weekday_and_hour": "Most on Fridays at 15:00 UTC: 6.0 listeners on"
        " average, over 5 Fridays.",
        "user_agents": "Chrome on macOS leads with 1,408 plays by 16 listeners.",
    }
    assert page.findings() == {
        "What changed": "Plays grew by 14.6% and listeners grew by 2.9% against an"
        " average week before: 1,839 plays against 1,605.",
        "What to license": "The 100 most played missing songs would bring 745 plays"
        " into the catalogue, 10.9% of all. The first: Undo by Björk.",
        "Who went quiet": "26 of 96 listeners have not played in the last 7 days, 5 of"
        " them on the paid plan.",
    }
    assert len(page.html.encode()) < 200_000
    (header,) = texts(page.tree, "header")
    assert "1 to 30 November 2018 (UTC), 30 days" in header
    assert "Data through 30 November 2018, 19:54 UTC." in header
    assert "main on DuckDB, target dev." in header


def test_the_page_is_one_file(page: Page) -> None:
    assert not re.search(
        r"""(?:href|src|action)=["\']?(?:\w+:)?//|url\(|@import|<script|src=""",
        page.html,
    )
    (link,) = re.findall("<link[^>]*>", page.html)
    assert link == '<link rel="icon" href="data:,">'


def test_the_lineage_says_what_the_page_reads(dbt: Dbt) -> None:
    shown = {one.analysis for days in (1, 10**4) for one in sections(days)}
    read = {
        node
        for name in shown
        for node in dbt._manifest.nodes[f"analysis.sparkify.{name}"].depends_on.nodes
    }
    exposure = dbt._manifest.exposures["exposure.sparkify.insights_page"]
    assert set(exposure.depends_on.nodes) == read


@pytest.mark.parametrize(
    ("sql", "answers"),
    [
        (
            "delete from songplays; delete from user_levels",
            {"headline": "None in these logs."},
        ),
        (
            "delete from songplays"
            " where cast(start_time as date) <> '2018-11-07' or level = 'paid';"
            "delete from user_levels where valid_to is not null",
            {
                "level_changes_by_week": "Nobody has changed plans yet.",
                "inactive_listeners": "None in these logs.",
                "free_against_paid": "All plays are on one plan: free.",
            },
        ),
        (
            "update songplays set user_id = null, level = null, location = null,"
            " user_agent = null, song_title = null, artist_name = null",
            {
                "listeners_by_week": "None in these logs.",
                "most_played_songs": "6,862 plays by 0 listeners: unknown by unknown.",
            },
        ),
    ],
    ids=["nothing", "one day of free users", "nobody known"],
)
def test_little_data_has_a_page(
    changed: Callable[[str], Page], sql: str, answers: dict[str, str]
) -> None:
    page = changed(sql)
    page.check()
    assert {name: page.answer(name) for name in answers} == answers
    has_data = "headline" not in answers
    assert bool(page.findings()) == has_data
    assert ("No data yet" in page.html) != has_data


def test_ten_years_are_shown_by_weeks(changed: Callable[[str], Page]) -> None:
    page = changed(
        "insert into songplays select songplays.* replace"
        " (start_time - to_days(cast(28 * n as integer)) as start_time)"
        " from songplays, range(1, 131) as earlier(n) where session_id % 60 = 0"
    )
    page.check(weekly=True)
    assert len(page.rows["plays_by_week"]) > 500
    assert len(page.html) < 1_000_000
    labels = texts(page.parts["plays_by_week"], "div.x span")
    assert 2 <= len(labels) <= 5
    assert all(re.fullmatch(r"\w{3} 20\d\d", label) for label in labels)


def test_hostile_titles_stay_text(hostile: Page) -> None:
    hostile.check()
    assert {*texts(hostile.parts["most_played_songs"], "bdi")} >= {*TITLES}
    assert not hostile.tree.select("script, img")
    assert "603729" not in hostile.html


def test_the_command_writes_the_page_or_says_why_not(
    sample_set: DataSet,
    page: Page,
    warehouse: Warehouse,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.chdir(tmp_path)

    def written(*words: str) -> Result:
        monkeypatch.setattr(insights, "Dbt", lambda target: warehouse._opened())
        return CliRunner().invoke(insights.main, words)

    done = written("--out", "page.html")
    assert (done.exit_code, done.output.count("\n")) == (3, 1)
    assert "there is no warehouse" in done.output
    assert not Path("page.html").exists()
    sample_set.warehouse.copy(warehouse.path.parent)
    done = written("--out", "page.html")
    assert (done.exit_code, done.output) == (0, f"{tmp_path / 'page.html'}\n")
    assert Path("page.html").read_bytes() == page.html.encode()
    done = written("--out", "no/page.html")
    assert done.exit_code == 1
    assert f"{tmp_path / 'no/page.html'}: No such file or directory" in done.output
