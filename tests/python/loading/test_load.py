"""Each file once, whatever is delivered again, and staging always whole."""

import os
from pathlib import Path

import pytest
from click.testing import CliRunner
from common.errors import WarehouseError
from load.loading import Loaded
from support.helpers import TS, Sources, Warehouse, event, song
from support.statements import watch_statements
from warehouse import cli


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """Two log files and two songs, not loaded yet."""
    made = Sources(tmp_path)
    made.write_events("1.json", event(0), event(1, page="Home", song=None))
    made.write_events("2.json", event(2))
    made.write_songs("A.json", song("SO1"))
    made.write_songs("B.json", song("SO2", title="Otra"))
    return made


NOTHING_NEW = Loaded(0, 0, 0)


def test_a_file_is_loaded_and_read_once(warehouse: Warehouse, sources: Sources) -> None:
    assert warehouse.load(sources.data) == Loaded(4, 5, 0)
    assert warehouse.load(sources.data) == NOTHING_NEW
    sources.write_events("3.json", event(3))
    assert warehouse.load(sources.data) == Loaded(1, 1, 0)
    assert warehouse.rows(
        "select load_id, count(*), sum(rows_loaded) from loaded_files group by 1"
        " order by 1"
    ) == [(1, 4, 5), (2, 1, 1)]

    # A touched file is no delivery, and its new time is kept.
    path = sources.events / "1.json"
    os.utime(path, ns=(TS, TS))
    assert warehouse.load(sources.data) == NOTHING_NEW
    kept = "select modified_ns from file_times where path like '%1.json'"
    assert warehouse.value(kept) == TS

    # Size and time stay: only a reader could see that the bytes are other ones.
    path.write_bytes(path.read_bytes().replace(b"Ada", b"Eva"))
    os.utime(path, ns=(TS, TS))
    assert warehouse.load(sources.data) == NOTHING_NEW
    os.utime(path, ns=(TS, TS + 2))
    assert warehouse.load(sources.data) == Loaded(1, 2, 0)


def test_a_stale_copy_in_a_hidden_folder_is_not_loaded(
    warehouse: Warehouse, sources: Sources, capsys: pytest.CaptureFixture[str]
) -> None:
    sources.write_events("old/2-copy.json", event(2))
    warehouse.load(sources.data)
    sources.write_events("2.json", event(2, level="paid"))
    warehouse.load(sources.data)
    for name in ("_old/3.json", "._2.json", "a/.b/c/4.json"):
        sources.write_events(name, event(2))
    (sources.events / "table.CSV").touch()
    (sources.events / "README").touch()
    capsys.readouterr()
    assert warehouse.load(sources.data) == Loaded(0, 0, 0)
    assert warehouse.value("select max(level) from staging_events") == "paid"
    assert (
        "events: 3 files, 0 to read, 5 ignored: .csv, no ending, 3 hidden (a name that"
        " begins with . or _)\n" in capsys.readouterr().err
    )

    # An earlier version loaded such files.
    hidden = sources.events / ".ipynb_checkpoints"
    (sources.events / "old").rename(hidden)
    warehouse.change(
        "update loaded_files set path = replace(path, '/old/', '/.ipynb_checkpoints/')"
    )
    named = (
        f"events: 1 loaded files are hidden (a name that begins with . or _): {hidden}"
    )
    warehouse.load(sources.data)
    assert (
        f"{named}/2-copy.json; `run --reload` drops their rows"
        in capsys.readouterr().err
    )
    warehouse.load(sources.data, reload=True)
    assert f"{named}/2-copy.json; the reload drops them" in capsys.readouterr().err
    assert warehouse.value("select count(*) from loaded_files") == 4


def test_a_load_of_songs_alone_does_not_look_through_the_events(
    warehouse: Warehouse, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.load(sources.data)
    sources.write_songs("C.json", song("SO3"))
    sent: list[str] = []
    watch_statements(monkeypatch, lambda number, when, sql: sent.append(sql))
    assert warehouse.load(sources.data) == Loaded(1, 1, 0)
    published = [sql for sql in sent if "insert into" in sql and "load_songs" in sql]
    assert published
    assert not [sql for sql in published if "join load_events" in sql]


def test_of_one_event_in_two_files_the_last_path_wins_and_the_load_says_so(
    warehouse: Warehouse, sources: Sources, capsys: pytest.CaptureFixture[str]
) -> None:
    # 2.json and the last line of 3.json have the same content.
    odd = sources.write_events("0 [odd].json", event(2, level="paid"))
    three = sources.write_events("3.json", event(2, userId="8"), event(2), event(3))
    loaded = warehouse.load(sources.data)
    assert loaded == Loaded(6, 9, 0)
    key = f"session_id 1 item_in_session 2 page NextSong ts {TS + 2000}"
    assert (loaded.replaced, loaded.replaced_keys) == (
        2,
        (
            f"{key} ({odd}, replaced by {three})",
            f"{key} ({three}, replaced by {three})",
        ),
    )
    assert (
        "warning: 2 rows were replaced by a row with the same key and other content:"
        f" {key} ({odd}, replaced by {three}); " in capsys.readouterr().err
    )
    assert warehouse.rows(
        "select user_id, level from staging_events where item_in_session = 2"
    ) == [("7", "free")]

    # Another delivery replaces one row by the same content, and one by other content.
    four = sources.write_events("4.json", event(2), event(3, lastName="Mosse"))
    loaded = warehouse.load(sources.data)
    changed = f"session_id 1 item_in_session 3 page NextSong ts {TS + 3000}"
    assert loaded.replaced_keys == (f"{changed} (load 1, replaced by {four})",)
    listed = warehouse.done("show", "-s", "replaced_rows", "--limit", "-1")
    assert [tuple(row)[2:4] for row in listed[0].agate_table.rows] == [
        (changed, str(four)),
        (key, str(three)),
        (key, str(three)),
    ]
    warehouse.done("test", "-s", "ledger_agrees_with_rows")


def test_of_one_key_in_files_read_in_different_ways_the_last_path_wins(
    warehouse: Warehouse, sources: Sources
) -> None:
    # A file of one song, one of two, and one again; a name with a bracket, and without.
    for last, name in enumerate("CDEF"):
        songs = [song("SO9", title=name), song(f"SO{name}")][: 1 + last % 2]
        sources.write_songs(f"{name}.json", *songs)
    for name, level in {"4": "free", "[5]": "paid", "6": "free", "[7]": "paid"}.items():
        sources.write_events(f"{name}.json", event(4, level=level))
    sources.write_events("8.json", event(5, level="free"))
    sources.write_events("[9].json", event(5, level="paid"))
    sources.write_events("x.json", event(5, level="free"))
    # A profile cannot take the order of rows from the load.
    warehouse.operation("run_query", sql="set preserve_insertion_order = false")
    warehouse.load(sources.data)
    setting = "select current_setting('preserve_insertion_order') as kept"
    assert warehouse._opened().query(setting)[0]["kept"] is True
    assert warehouse.value("select title from staging_songs where song_id = 'SO9'") == (
        "F"
    )
    # In the order of bytes the bracket comes after the digits, before small letters.
    assert warehouse.rows(
        "select item_in_session, level from staging_events"
        " where item_in_session > 3 order by 1"
    ) == [(4, "paid"), (5, "free")]


def test_a_reload_replaces_everything_in_one_transaction_and_names_what_it_loses(
    warehouse: Warehouse, sources: Sources, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse.load(sources.data)
    sources.write_events("0.json", event(0, level="paid"))  # corrects 1.json
    warehouse.load(sources.data)
    rows = "select item_in_session, level from staging_events order by 1"
    loaded = warehouse.rows(rows)
    assert loaded == [(0, "paid"), (1, "free"), (2, "free")]
    for _ in range(2):  # the order of deliveries survives a reload
        warehouse.load(sources.data, reload=True)
        assert warehouse.rows(rows) == loaded
    assert "reload leaves out" not in capsys.readouterr().err
    two = sources.events / "2.json"
    two.write_text("{")
    with pytest.raises(WarehouseError, match="line 1"):
        warehouse.load(sources.data, reload=True)
    assert warehouse.rows(rows) == loaded
    two.unlink()
    assert warehouse.load(sources.data, reload=True) == Loaded(4, 5, 0)
    assert warehouse.rows(rows) == loaded[:2]
    assert (
        "reload leaves out 1 events that only overwritten or deleted files held:"
        " session_id 1 item_in_session 2 page NextSong" in capsys.readouterr().err
    )
    assert warehouse.rows("select distinct load_id from loaded_files") == [(5,)]


def test_a_load_by_hand_and_an_unknown_target_are_named(warehouse: Warehouse) -> None:
    with pytest.raises(WarehouseError, match="type `python scripts/warehouse"):
        warehouse.operation("load_staging")
    done = CliRunner().invoke(cli, ["load", "--target", "nowhere"])
    assert done.exit_code == 3
    assert "nowhere" in done.stderr
