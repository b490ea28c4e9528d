"""Whatever is delivered, in whatever order: increments equal a rebuild."""

import itertools
import os
import tempfile
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import hypothesis
import pytest
from hypothesis import HealthCheck
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    precondition,
    rule,
    run_state_machine_as_test,
)
from support.helpers import MARTS, Sources, Warehouse, event, song
from support.staging_rules import Staging

DAY = 86_400_000
FIRST_DAY = 1541030400000  # 2018-11-01 00:00 UTC
# Kept in increments beside the marts, which are made of it. `int_recordings` may keep
# a recording that nobody plays any more; what it matched is in `songplays`.
BUILT = (*MARTS, "int_user_steps")
PARTS = (*BUILT, "int_recordings")

EVENTS = """
    select session_id, item_in_session, page, ts, user_id, coalesce(level, ''),
        coalesce(first_name, ''), coalesce(song, ''), _load_id
    from staging_events order by all
"""
SONGS = """
    select song_id, title, artist_name, artist_id, duration, _load_id
    from staging_songs order by all
"""
LEDGER = """
    select load_id, source, parse_filename(path), rows_loaded
    from loaded_files order by all
"""


class Event(NamedTuple):
    """An event, told by what matters: few of each, so that keys meet."""

    day: int
    moment: int = 0
    item: int = 0
    page: str = "NextSong"
    user: str = "7"
    level: str | None = "free"
    song: str = "Eres"
    length: float = 200.5

    @property
    def row(self) -> dict[str, Any]:
        """As the app logs it."""
        return event(
            self.item,
            ts=FIRST_DAY + self.day * DAY + self.moment,
            page=self.page,
            userId=self.user,
            firstName="Ada" if self.user else None,
            level=self.level,
            song=self.song if self.page == "NextSong" else None,
            length=self.length if self.page == "NextSong" else None,
        )


class Song(NamedTuple):
    """A song of the catalogue; the file is named by its id."""

    number: int
    title: str = "Eres"
    duration: float = 200.5
    artist: str = "Café Tacuba"
    artist_id: str = "AR1"

    @property
    def row(self) -> dict[str, Any]:
        """As the catalogue has it."""
        return song(
            f"SO{self.number}",
            title=self.title,
            duration=self.duration,
            artist_name=self.artist,
            artist_id=self.artist_id,
        )


TITLES = st.sampled_from(("Eres", "Otra"))
DURATIONS = st.sampled_from((200.5, 200.50001, 210.0))
LEVELS = st.sampled_from(("free", "paid", None))
USERS = st.sampled_from(("7", "8", ""))
MADE_EVENTS = st.builds(
    Event,
    day=st.integers(0, 3),
    moment=st.sampled_from((0, 1, DAY - 1)),
    item=st.integers(0, 1),
    page=st.sampled_from(("NextSong", "Home")),
    user=USERS,
    level=LEVELS,
    song=TITLES,
    length=DURATIONS,
)
MADE_SONGS = st.builds(
    Song,
    number=st.integers(0, 3),
    title=TITLES,
    duration=DURATIONS,
    artist=st.sampled_from(("Café Tacuba", "CafÃ© Tacuba", "Tacvba")),
    artist_id=st.sampled_from(("AR1", "AR2")),
)
# A bracket makes the load take the file apart itself, a name less and it is SQL's.
LOGS = st.sampled_from(("a.json", "b.json", "[c].json", "d.json"))
CATALOGUES = st.sampled_from(("a.json", "b.json", "c.json"))
SOME_EVENTS = st.lists(MADE_EVENTS, min_size=1, max_size=3)
SOME_SONGS = st.lists(MADE_SONGS, min_size=1, max_size=2)


class Histories(RuleBasedStateMachine):
    """Files come, change and go; loads and builds happen when they happen."""

    def __init__(self, warehouse: Warehouse, careful: bool) -> None:
        super().__init__()
        warehouse.remove()
        self.warehouse = warehouse
        self.careful = careful
        self.folder = tempfile.TemporaryDirectory()
        self.sources = Sources(Path(self.folder.name))
        self.logs: dict[str, list[Event]] = {}
        self.staging = Staging()
        self.clock = itertools.count(1)
        self.built = False

    @initialize(events=SOME_EVENTS, songs=SOME_SONGS)
    def begin(self, events: list[Event], songs: list[Song]) -> None:
        self.write("a.json", events)
        self.deliver_songs("a.json", songs)

    @rule(name=LOGS, events=SOME_EVENTS)
    def deliver_log(self, name: str, events: list[Event]) -> None:
        self.write(name, events)

    @rule(name=LOGS, events=SOME_EVENTS)
    def grow_log(self, name: str, events: list[Event]) -> None:
        self.write(name, [*self.logs.get(name, []), *events])

    @rule(name=LOGS, user=USERS, level=LEVELS, song=TITLES)
    def change_log(self, name: str, user: str, level: str | None, song: str) -> None:
        changed = [
            event._replace(user=user, level=level, song=song)
            for event in self.logs.get(name, [])
        ]
        if changed:
            self.write(name, changed)

    @rule(name=LOGS, other=LOGS)
    def copy_log(self, name: str, other: str) -> None:
        if name in self.logs:
            self.write(other, self.logs[name])

    @rule(name=LOGS, other=LOGS)
    def split_log(self, name: str, other: str) -> None:
        events = self.logs.get(name, [])
        if len(events) > 1:
            self.write(name, events[:1])
            self.write(other, events[1:])

    @rule(name=LOGS, other=LOGS)
    def merge_logs(self, name: str, other: str) -> None:
        if name != other and name in self.logs and other in self.logs:
            self.write(name, [*self.logs[name], *self.logs.pop(other)])
            (self.sources.events / other).unlink()

    @rule(name=CATALOGUES, songs=SOME_SONGS)
    def deliver_songs(self, name: str, songs: list[Song]) -> None:
        self.stamp(self.sources.write_songs(name, *(song.row for song in songs)))

    @rule()
    def load(self) -> None:
        self.do_load(reload=False)

    @precondition(lambda self: self.staging.loads)
    @rule()
    def reload(self) -> None:
        self.do_load(reload=True)

    @precondition(lambda self: self.staging.loads or not self.built)
    @rule()
    def build(self) -> None:
        self.built = True
        self.warehouse.done("run")
        if self.careful:
            self.compare()

    @precondition(lambda self: self.staging.loads)
    @rule(model=st.sampled_from(PARTS))
    def build_one(self, model: str) -> None:
        # A model needs what it selects from to be there.
        self.warehouse.done("run", "--select", f"+{model}")

    @precondition(lambda self: self.built)
    @rule(model=st.sampled_from(PARTS))
    def empty_one(self, model: str) -> None:
        self.warehouse.done("run", "--full-refresh", "--empty", "--select", model)

    @rule()
    def load_and_build(self) -> None:
        self.do_load(reload=False)
        self.build()

    def write(self, name: str, events: list[Event]) -> None:
        self.logs[name] = events
        self.stamp(self.sources.write_events(name, *(event.row for event in events)))

    def stamp(self, path: Path) -> None:
        """A time of its own: by size and time the load knows what it need not read."""
        at = next(self.clock)
        os.utime(path, ns=(at, at))

    def do_load(self, reload: bool) -> None:
        self.warehouse.load(self.sources.data, reload=reload)
        self.staging.load(
            {"events": self.sources.events, "songs": self.sources.songs}, reload
        )
        events, songs, ledger = self.warehouse.answers(EVENTS, SONGS, LEDGER)
        assert events == self.staging.content("events")
        assert songs == self.staging.content("songs")
        assert ledger == sorted(self.staging.ledger)

    def compare(self) -> None:
        """The marts as they are equal those that a rebuild makes of this staging."""
        made = contents(self.warehouse)
        with self.warehouse.damaged("select 1"):  # it is put back afterwards
            self.warehouse.done("run", "--full-refresh")
            assert made == contents(self.warehouse)

    def teardown(self) -> None:
        try:
            if self.logs:
                self.do_load(reload=False)
                if self.careful:
                    self.warehouse.build()  # with the tests: no false alarm either
                else:
                    self.warehouse.done("run")
                self.compare()
        finally:
            self.warehouse.remove()
            self.folder.cleanup()


def contents(warehouse: Warehouse) -> dict[str, list[tuple[Any, ...]]]:
    """All rows of all that is built, without the loads that brought them."""
    rows = warehouse.answers(
        *(f"select columns('^[^_]') from {name} order by all" for name in BUILT)
    )
    return dict(zip(BUILT, rows, strict=True))


# The first history of a number is always the simplest one.
@pytest.mark.parametrize(
    ("number", "histories", "steps", "careful"),
    [
        (1, 2, 8, False),
        *(pytest.param(at, 10, 8, False, marks=pytest.mark.long) for at in (1, 2)),
        *(pytest.param(at, 40, 16, True, marks=pytest.mark.long) for at in range(3, 7)),
    ],
)
def test_increments_equal_a_rebuild(
    warehouse: Warehouse, number: int, histories: int, steps: int, careful: bool
) -> None:
    """At the end of each history; if careful, after each of its builds."""
    machine: Callable[[], Histories] = hypothesis.seed(number)(
        lambda: Histories(warehouse, careful)
    )
    run_state_machine_as_test(
        machine,  # type: ignore[arg-type]
        settings=hypothesis.settings(
            max_examples=histories,
            stateful_step_count=steps,
            deadline=None,
            suppress_health_check=list(HealthCheck),
        ),
    )
