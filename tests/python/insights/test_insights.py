"""The page shows what the analyses say, in tables and in marks, whatever the data."""

import re
import sys
from collections.abc import Callable
from datetime import date
from decimal import Decimal
from itertools import pairwise
from pathlib import Path
from typing import Any

import insights
import pytest
from click.testing import CliRunner
from dbt_project import Dbt
from insights_page.charts import Columns
from insights_page.sections import Section, Tiles, Week, sections
from settings import PROJECT
from support import by_hand, insights_page
from support.helpers import DataSet, Warehouse
from support.insights_page import Element, rows, value

Row = dict[str, Any]
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")


class Page:
    """A page, its parts by analysis, and the rows that it was made of."""

    def __init__(self, warehouse: Warehouse) -> None:
        self.warehouse = warehouse
        self.rows: dict[str, list[Row]] = {}
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(Dbt, "analysis", self._noted(Dbt.analysis))
            self.html = insights.insights(warehouse._opened())
        self.parts = insights_page.sections(self.html)

    def _noted(self, analysis: Callable[..., list[Row]]) -> Callable[..., list[Row]]:
        def noted(dbt: Dbt, name: str, limit: int = -1) -> list[Row]:
            self.rows[name] = analysis(dbt, name, limit)
            return self.rows[name]

        return noted

    def answer(self, analysis: str) -> str:
        """The sentence that answers a question."""
        return self.parts[analysis].one("p", "answer").text

    def sections(self, weekly: bool = False) -> list[Section]:
        """The sections that must be there."""
        return sections(10**4 if weekly else 1)

    def check(self, weekly: bool = False) -> None:
        """Every table is its analysis, and every mark its table."""
        expected = self.sections(weekly)
        assert list(self.parts) == [section.analysis for section in expected]
        for section in expected:
            part = self.parts[section.analysis]
            of = self.rows[section.analysis]
            sql = (PROJECT / f"analyses/{section.analysis}.sql").read_text("utf-8")
            assert part.one("h2").text == section.question
            assert part.one("pre").text == sql
            assert part.one("p", "caveat").text == section.caveat
            if not of or of[0].get("plays") == 0:
                assert part.one("p", "answer").text == section.empty
                assert not part.all("table")
                assert not part.all("svg")
                continue
            assert part.one("p", "answer").text[-1] == "."
            table = part.one("table")
            if isinstance(section.picture, Week):
                check_week(table, of)
                continue
            expected_rows = [
                [written(section, place, row) for place in range(len(section.columns))]
                for row in of
            ]
            found = [list(row.values()) for row in rows(table)]
            if isinstance(section.picture, Tiles):
                # A figure in each row, a period in each column.
                found = [list(column) for column in zip(*found, strict=True)][1:]
                expected_rows = [row[1:] for row in expected_rows]
                assert list(rows(table)[0])[1:] == [row["period"] for row in of]
            assert found == expected_rows
            check_bars(table)
            if isinstance(section.picture, Columns):
                check_columns(part, section.picture, of)
        check_tiles(self.parts["headline"], self.rows["headline"])


def written(section: Section, place: int, row: Row) -> str:
    """A value as the page must write it; numbers here have no words of ours."""
    column = section.columns[place]
    values = [row[key] for key in column.keys]
    if not column.names:
        sign = "%" if "percent" in column.keys[0] else ""
        return "–" if values[0] is None else f"{values[0]:,}{sign}"  # noqa: RUF001
    if isinstance(values[0], date):
        return f"{values[0].day} {values[0].strftime('%b %Y')}"
    if len(values) == 1:
        below = [row[column.below]] if column.below else []
        return "".join("unknown" if v is None else str(v) for v in values + below)
    return column.show(*values)


def check_bars(table: Element) -> None:
    """Bars are as long as the number beside them, the longest one fills its place."""
    lengths = []
    for cell in table.all("td", "bar"):
        length = cell.one("i").style("--value")
        assert length == value(cell.one("span", "number").text)
        lengths.append(length)
    if lengths:
        assert max(lengths) == table.style("--longest")


def check_week(table: Element, of: list[Row]) -> None:
    """Each hour of each weekday has its number; a higher number is never paler."""
    expected = {
        (f"{row['hour']:02}:00", row["weekday_name"][:3]): row["plays_per_day"]
        for row in of
    }
    found = rows(table)
    assert len(found) == 24
    assert {
        (row["hour"], weekday): number
        for row in found
        for weekday in WEEKDAYS
        if (number := value(row[weekday])) is not None
    } == expected
    shades = sorted(
        (value(cell.text) or Decimal(), int(cell.attributes["class"][-1]))
        for cell in table.all("td")
        if cell.text
    )
    assert all(before[1] <= after[1] for before, after in pairwise(shades))
    assert shades[-1][1] == 6


def check_columns(part: Element, chart: Columns, of: list[Row]) -> None:
    """Marks stand at their date, one upon the other, as high as the table's numbers."""
    svg = part.one("svg")
    left, top, width, height = map(Decimal, svg.attributes["viewbox"].split())
    first = of[0][chart.at]
    assert left == 0
    assert width == (of[-1][chart.at] - first).days + chart.days
    expected = []
    for row in of:
        up = down = Decimal()
        for series in chart.series:
            size = Decimal(row[series.key])
            if size and series.below:
                expected.append((row[chart.at], series.colour, down, size))
                down += size
            elif size:
                up += size
                expected.append((row[chart.at], series.colour, -up, size))
            assert top <= -up
            assert down <= top + height
    found = []
    for mark in svg.all("rect"):
        x, y = mark.number("x"), mark.number("y")
        days = int(x // chart.days) * chart.days
        assert days < x < x + mark.number("width") < days + chart.days
        at = date.fromordinal(first.toordinal() + days)
        size = mark.number("height")
        found.append((at, mark.attributes["class"], y, size))
        assert f"{size:,}" in mark.one("title").text
        assert f"{at.day} {at.strftime('%b %Y')}" in mark.one("title").text
    assert found == expected
    assert svg.attributes["role"] == "img"
    named = svg.attributes["aria-labelledby"].split()
    texts = {one.attributes.get("id"): one.text for one in svg.all("title")[:1]}
    texts |= {one.attributes.get("id"): one.text for one in svg.all("desc")}
    assert [bool(texts[name]) for name in named] == [True, True]


def check_tiles(part: Element, of: list[Row]) -> None:
    """The large numbers are the first row's."""
    if not of[0]["plays"]:
        assert not part.all("dl")
        return
    keys = ("plays", "listeners", "hours", "sessions", "percent_paid")
    numbers = [value(one.text) for one in part.all("dd", "value")]
    assert numbers == [of[0][key] for key in (*keys, "percent_matched")]


@pytest.fixture(scope="session")
def page(sample_set: DataSet) -> Page:
    return Page(sample_set.warehouse)


@pytest.fixture(scope="session")
def real_page(real_set: DataSet) -> Page:
    return Page(real_set.warehouse)


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


def test_the_real_data_has_these_answers(real_page: Page) -> None:
    page = real_page
    page.check()
    answers = {name: page.answer(name) for name in page.parts}
    assert answers == {
        "headline": "1,839 plays in the last 7 days, against 1,621 in the 7 before.",
        "plays_by_day": "The busiest day was Thursday, 15 November 2018, with 479"
        " plays.",
        "plays_by_weekday_and_hour": "Most on Tuesdays at 20:00 UTC: 28.8 plays in an"
        " average such hour.",
        "most_played_songs": "37 plays by 22 listeners: You're The One by Dwight"
        " Yoakam.",
        "most_played_artists": "58 plays of 24 songs: Coldplay.",
        "free_against_paid": "254.1 plays per listener on the paid plan, 15.0 plays per"
        " listener on the free plan.",
        "songs_per_listener": "18 of 96 listeners make 82.1% of the plays: those who"
        " heard 100 or more different songs.",
        "session_sizes": "284 of 776 sessions (36.6%) hold 1 song.",
        "listeners_by_week": "In the week from 26 November 2018, 57 listeners came back"
        " and 5 came for the first time.",
        "plays_by_state": "CA leads with 1,572 plays by 17 listeners.",
        "level_changes_by_week": "8 upgrades and 1 downgrade so far.",
        "catalogue_coverage_by_day": "On 30 November 2018 the catalogue knew 16 of 330"
        " plays, 4.8%.",
        "user_agents": "Chrome on macOS leads with 1,408 plays by 16 listeners.",
    }
    tiles = [one.text for one in page.parts["headline"].all("dd", "value")]
    assert tiles == ["6,820", "96", "468.0", "776", "82.0%", "5.0%"]
    header = insights_page.read(page.html).one("header").text
    assert "Data through 30 November 2018, 19:54 UTC." in header
    assert "main on DuckDB, target dev." in header


def test_the_page_is_whole_and_the_same_each_time(page: Page) -> None:
    assert insights.insights(page.warehouse._opened()) == page.html
    assert not re.search(r"https?:|//[a-z]|url\(|@import|<script|src=", page.html)
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


def test_the_query_does_the_limiting(page: Page) -> None:
    limits = {one.analysis: one.limit for one in page.sections() if one.limit > 0}
    assert limits == {
        "most_played_songs": 10,
        "most_played_artists": 10,
        "plays_by_state": 12,
        "user_agents": 10,
    }
    table = page.parts["most_played_songs"].one("table")
    assert len(rows(table)) == 10


def test_an_empty_warehouse_has_a_page(warehouse: Warehouse) -> None:
    warehouse.operation("create_staging_tables")
    warehouse.build()
    page = Page(warehouse)
    page.check()
    assert "No data yet" in insights_page.read(page.html).one("header").text


def test_one_day_has_a_page(
    changed: Callable[[str], Page], sample_set: DataSet
) -> None:
    day = sample_set.plays[0].moment.date()
    plays = [play for play in sample_set.plays if play.moment.date() == day]
    page = changed(
        f"delete from songplays where cast(start_time as date) <> '{day}';"
        "delete from user_levels where valid_to is not null"
    )
    page.check()
    listeners = by_hand.listeners(plays)
    assert page.answer("headline") == f"{len(plays)} plays by {listeners} listeners."
    assert page.answer("level_changes_by_week") == "Nobody has changed plans yet."
    assert len(page.parts["plays_by_day"].all("rect")) == 2


def test_free_users_alone_have_a_page(changed: Callable[[str], Page]) -> None:
    page = changed("delete from songplays where level = 'paid'")
    page.check()
    assert page.answer("free_against_paid") == "All plays are on one plan: free."


def test_nobody_known_and_nothing_said_has_a_page(
    changed: Callable[[str], Page],
) -> None:
    page = changed(
        "update songplays set user_id = null, level = null, location = null,"
        " user_agent = null, song_title = null, artist_name = null"
    )
    page.check()
    assert page.answer("listeners_by_week") == "Nobody known has listened yet."
    assert page.answer("most_played_songs").endswith("unknown by unknown.")


def test_ten_years_are_shown_by_weeks(changed: Callable[[str], Page]) -> None:
    page = changed(
        "insert into songplays select songplays.* replace"
        " (start_time - to_days(cast(28 * n as integer)) as start_time)"
        " from songplays, range(1, 131) as earlier(n) where session_id % 10 = 0"
    )
    page.check(weekly=True)
    assert len(page.rows["plays_by_week"]) > 500
    assert len(page.html) < 1_000_000
    labels = page.parts["plays_by_week"].one("div", "x").all("span")
    assert 2 <= len(labels) <= 5
    assert all(re.fullmatch(r"20\d\d", label.text) for label in labels)


def test_hostile_titles_stay_text(changed: Callable[[str], Page]) -> None:
    hostile = [
        "</span><script>alert(1)</script>",
        "\"'><img src=x onerror=alert(1)>",
        "{{ 7 * 7 }}{% include 'x' %}&amp;&#60;",
        "\u202egnirts desrever",
        "שלום עולם / مرحبا بالعالم",
        "音楽は素晴らしい 🎧 नमस्ते",
        "x" * 1000,
        "null",
    ]
    ranked = ", ".join(
        f"({place}, '{title.replace(chr(39), chr(39) * 2)}')"
        for place, title in enumerate(hostile)
    )
    page = changed(
        "update songplays set song_title = title, artist_name = title, location = title"
        f" from (values {ranked}) as hostile(place, title)"
        " where session_id % 8 = place"
    )
    page.check()
    names = {
        name.text
        for name in page.parts["most_played_songs"].all("bdi")
        if name.text in hostile
    }
    assert names == set(hostile)
    tags = {element.tag for element in all_of(insights_page.read(page.html))}
    assert not tags & {"script", "img"}
    assert "49" not in page.answer("most_played_songs")


def all_of(element: Element) -> list[Element]:
    return [element] + [
        one
        for child in element.children
        if isinstance(child, Element)
        for one in all_of(child)
    ]


def test_the_command_writes_the_page_and_prints_its_path(
    sample_set: DataSet, page: Page, tmp_path: Path
) -> None:
    script = PROJECT / "scripts" / "insights.py"
    python = sys.executable
    warehouse = sample_set.warehouse
    done = warehouse.finished(
        warehouse.start(python, script, "--out", "page.html", cwd=tmp_path)
    )
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout == f"{tmp_path / 'page.html'}\n"
    assert (tmp_path / "page.html").read_bytes() == page.html.encode()


@pytest.mark.parametrize(
    ("out", "said"),
    [
        ("no/page.html", "No such file or directory; name another file with --out"),
        (".", "is a directory"),
    ],
)
def test_a_file_that_cannot_be_written_is_named(
    page: Page, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, out: str, said: str
) -> None:
    monkeypatch.setattr(insights, "Dbt", lambda target: page.warehouse._opened())
    monkeypatch.setattr(insights, "insights", lambda dbt: page.html)
    result = CliRunner().invoke(insights.main, ["--out", str(tmp_path / out)])
    assert result.exit_code in (1, 2)
    assert said in result.output
    assert str(tmp_path) in result.output


def test_marts_that_are_not_built_are_named(
    warehouse: Warehouse, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    dbt: Dbt = warehouse._opened()
    monkeypatch.setattr(insights, "Dbt", lambda target: dbt)
    out = tmp_path / "page.html"
    words = ["--out", str(out)]
    for missing in (
        "there is no warehouse",
        "has no songplays, users, songs, artists, time, user_levels yet",
    ):
        result = CliRunner().invoke(insights.main, words)
        assert (result.exit_code, result.output.count("\n")) == (3, 1)
        assert missing in result.output
        assert "run" in result.output
        warehouse.operation("create_staging_tables")
    assert not out.exists()
