"""Whatever is wrong with a file: it is named, and nothing is published."""

import gzip
import json
import shutil
import time
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import pytest
from common.errors import WarehouseError
from dbt_project.runner import Dbt
from support.helpers import TS, Sources, Warehouse, event, lines, song

GOOD = lines(event(10), event(11))


def bad_event(item: int = 12, **changes: object) -> bytes:
    """Two good lines, then an event with a changed key."""
    return GOOD + b"\n" + lines(event(item, **changes)) + b"\n" + lines(event(13))


def without(key: str) -> bytes:
    """Two good lines, then an event that lacks a key."""
    return (
        GOOD
        + b"\n"
        + lines({name: value for name, value in event(12).items() if name != key})
    )


BAD_LINES: dict[str, tuple[bytes, str]] = {
    "malformed": (GOOD + b'\n{"artist": nope}\n' + GOOD, "not valid JSON"),
    "cut off": (GOOD + b"\n" + lines(event(12))[:-20], "not valid JSON"),
    "invalid UTF-8": (
        GOOD + b"\n" + lines(event(12)).replace(b"Moss", b"M\xffss"),
        "not valid UTF-8",
    ),
    "NUL": (GOOD + b"\n" + lines(event(12)).replace(b"Moss", b"M\0ss"), "NUL byte"),
    "escaped NUL": (bad_event(lastName="M\0ss"), "holds a NUL character"),
    "array": (GOOD + b"\n[" + lines(event(12)) + b"]", "not a JSON object but array"),
    "number": (GOOD + b"\n42", "not a JSON object but"),
    "two objects on a line": (
        GOOD + b"\n" + lines(event(12)) + lines(event(13)),
        "not valid JSON",
    ),
    "nested text": (bad_event(location={"city": "Lima"}), "location holds a nested"),
    "nested number": (bad_event(status=[200]), "status is not a whole number: [200]"),
    "missing key": (without("sessionId"), "required key sessionId is missing"),
    "null key": (bad_event(page=None), "required key page is missing"),
    "text for a number": (bad_event(sessionId="x1"), "sessionId is not a whole number"),
    "fraction": (bad_event(status=200.5), "status is not a whole number: 200.5"),
    "text for a length": (bad_event(length="long"), "length is not a number: long"),
    "seconds": (
        bad_event(ts=TS // 1000),
        "ts must be epoch milliseconds between 2001 and tomorrow",
    ),
    "microseconds": (
        bad_event(ts=TS * 1000),
        "ts must be epoch milliseconds between 2001 and tomorrow",
    ),
    "future": (
        bad_event(ts=int(time.time() * 1000) + 2 * 86_400_000),
        "ts must be epoch milliseconds between 2001 and tomorrow",
    ),
    "duplicate key": (
        GOOD + b"\n" + lines(event(12)).replace(b"{", b'{"page": "Home", ', 1),
        "a key stands twice",
    ),
    "over-long text": (bad_event(page="x" * 65), "page is longer than 64 bytes"),
    "4 MB": (bad_event(song="x" * 4_200_000), "longer than 4 MB"),
    "lone surrogate": (
        GOOD + b"\n" + lines(event(12)).replace(b"Moss", b"\\ud800"),
        "not valid JSON",
    ),
}


@pytest.fixture(scope="module")
def loaded_once(
    tmp_path_factory: pytest.TempPathFactory, dbt: Dbt
) -> tuple[Sources, Warehouse]:
    """One good log file and one good song file, and a warehouse that holds them."""
    folder = tmp_path_factory.mktemp("loaded_once")
    made = Sources(folder)
    made.write_events("good.json", event(0), event(1))
    made.write_songs("good.json", song("SO1"))
    loaded = Warehouse(folder / "warehouse.duckdb", dbt)
    loaded.load(made.data)
    return made, loaded


@pytest.fixture
def sources(
    loaded_once: tuple[Sources, Warehouse], warehouse: Warehouse
) -> Iterator[Sources]:
    """Those files, loaded, for one test to add bad ones to."""
    made, loaded = loaded_once
    loaded.copy(warehouse.path.parent)
    yield made
    for folder in (made.events, made.songs):
        for path in folder.iterdir():
            if path.name != "good.json":
                shutil.rmtree(path) if path.is_dir() else path.unlink()


def refused(warehouse: Warehouse, sources: Sources, path: Path, max_errors: int) -> str:
    """Why a load with this bad file ends; nothing is published, and the file goes."""
    before = warehouse.published()
    with pytest.raises(WarehouseError) as error:
        warehouse.load(sources.data, max_errors)
    message = str(error.value)
    assert "\n" not in message
    assert warehouse.published() == before
    path.unlink()
    return message


def test_a_bad_line_is_named_or_set_aside(
    warehouse: Warehouse, sources: Sources
) -> None:
    paths = {case: sources.events / f"{case}.json" for case in BAD_LINES}
    for case, (content, reason) in BAD_LINES.items():
        sources.write(paths[case], content)
        message = refused(warehouse, sources, paths[case], max_errors=0)
        assert message.startswith(f"{paths[case]}, line 3: ")
        assert reason in message

    for case, (content, _) in BAD_LINES.items():
        sources.write(paths[case], content)
    loaded = warehouse.load(sources.data, max_errors=len(BAD_LINES))
    assert (loaded.files, loaded.rejected) == (len(BAD_LINES), len(BAD_LINES))
    kept = warehouse.rows("select path, line, reason, raw from rejected_rows")
    rejected = {path: row for path, *row in kept}
    counts = warehouse.rows(
        "select path, rows_loaded, rows_rejected from loaded_files where load_id = 2"
    )
    assert len(kept) == len(BAD_LINES)
    for case, (content, reason) in BAD_LINES.items():
        path, lines = str(paths[case]), content.split(b"\n")
        number, why, raw = rejected[path]
        assert number == 3, case
        assert reason in why
        assert raw == lines[2].decode("utf-8", "backslashreplace").replace(
            "\0", "\\x00"
        )
        assert (path, len([line for line in lines if line]) - 1, 1) in counts
    assert loaded.rows == sum(rows for _, rows, _ in counts)


def test_one_bad_line_more_than_allowed_stops_the_load(
    warehouse: Warehouse, sources: Sources
) -> None:
    sources.write(sources.events / "bad.json", GOOD + b"\n{\n{")
    before = warehouse.published()
    with pytest.raises(WarehouseError, match=r"2 bad line\(s\) in all, 1 allowed"):
        warehouse.load(sources.data, max_errors=1)
    assert warehouse.published() == before


def test_a_byte_order_mark_is_named(warehouse: Warehouse, sources: Sources) -> None:
    path = sources.write(sources.events / "bad.json", b"\xef\xbb\xbf" + GOOD)
    with pytest.raises(WarehouseError, match="line 1: starts with a byte order mark"):
        warehouse.load(sources.data)
    loaded = warehouse.load(sources.data, max_errors=1)
    assert (loaded.rows, loaded.rejected) == (1, 1)
    assert warehouse.value("select path from rejected_rows") == str(path)


def gzipped_cut(content: bytes) -> bytes:
    """A gzip stream that ends too early."""
    return gzip.compress(content * 500)[:-30]


DAMAGED: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("bad.json.gz", gzipped_cut, "the gzip data is cut off"),
    ("bad.json.gz", bytes, "gzip data belongs in a file whose name ends in .gz"),
    ("bad.json", gzip.compress, "gzip data belongs in a file whose name ends in .gz"),
]


@pytest.mark.parametrize("source", ["events", "songs"])
def test_a_damaged_file_stops_the_load_whatever_is_allowed(
    source: str, warehouse: Warehouse, sources: Sources
) -> None:
    folder = sources.events if source == "events" else sources.songs
    for name, damage, reason in DAMAGED:
        path = sources.write(folder / name, damage(GOOD))
        message = refused(warehouse, sources, path, max_errors=1000)
        assert message.startswith(f"{path}, line ")
        assert reason in message


BAD_SONGS: dict[str, tuple[bytes, int, str]] = {
    "malformed": (b'{"song_id": ', 1, "not valid JSON"),
    "missing key": (lines(song("SO2", title=None)), 1, "required key title is missing"),
    "blank key": (lines(song("SO2", title="\u2003 ")), 1, "title is missing or empty"),
    "empty key": (lines(song("SO2", artist_name="")), 1, "artist_name is missing or"),
    "text for a year": (lines(song("SO2", year="old")), 1, "year is not a whole"),
    "array": (b"[" + lines(song("SO2")) + b"]", 1, "not a JSON object but array"),
    "comma between": (
        lines(song("SO2")) + b",\n" + lines(song("SO3")),
        1,
        "not valid JSON",
    ),
    "second of two": (
        lines(song("SO2")) + b"\n\n" + lines(song("SO3", duration="x")),
        3,
        "duration is not a number",
    ),
    "invalid UTF-8": (
        lines(song("SO2")) + b"\n" + lines(song("SO3")).replace(b"Eres", b"\xe9res"),
        2,
        "not valid UTF-8",
    ),
    "NUL": (lines(song("SO2")).replace(b"Eres", b"Er\0es"), 1, "NUL byte"),
    "byte order mark": (b"\xef\xbb\xbf" + lines(song("SO2")), 1, "byte order mark"),
    "nested": (lines(song("SO2", title=["Eres"])), 1, "title holds a nested value"),
    "5 MB": (lines(song("SO2", title="x" * 5_200_000)), 1, "longer than 4 MB"),
}


def test_a_bad_song_is_named_and_nothing_is_published(
    warehouse: Warehouse, sources: Sources
) -> None:
    for content, line, reason in BAD_SONGS.values():
        path = sources.write(sources.songs / "bad.json", content)
        message = refused(warehouse, sources, path, max_errors=0)
        assert message.startswith(f"{path}, line {line}: ")
        assert reason in message


def test_harmless_oddities_load(
    warehouse: Warehouse,
    sources: Sources,
    capsys: pytest.CaptureFixture[str],
) -> None:
    odd = (
        lines(event(20)) + b"\r\n\r\n   \n" + lines(event(21, mood="gay", weather=None))
    )
    sources.write(sources.events / "odd [1].json", odd)
    sources.write(sources.events / "nested" / "more.Jsonl.gz", gzip.compress(GOOD))
    sources.write(sources.events / "empty.json", b"")
    sources.write(sources.events / "blank.json", b"\n \n")
    sources.write(sources.events / "README.txt", b"not a log")
    sources.write(
        sources.songs / "pretty.json",
        json.dumps(song("SO2"), indent=2).encode()
        + b" "
        + json.dumps(song("SO3", title="Ya no", artist_name=311), indent=1).encode(),
    )
    sources.write(
        sources.songs / "zipped.json.gz",
        gzip.compress(lines(song("SO4"), song("SO5", title=4.6))),
    )
    loaded = warehouse.load(sources.data)
    assert (loaded.files, loaded.rows, loaded.rejected) == (6, 8, 0)
    assert warehouse.value("select count(*) from staging_events") == 6
    assert warehouse.rows(
        "select song_id, title, artist_name from staging_songs order by 1"
    ) == [
        ("SO1", "Eres", "Café Tacuba"),
        ("SO2", "Eres", "Café Tacuba"),
        ("SO3", "Ya no", "311"),
        ("SO4", "Eres", "Café Tacuba"),
        ("SO5", "4.6", "Café Tacuba"),
    ]
    said = capsys.readouterr().err
    assert "1 ignored: .txt\n" in said
    assert "blank.json: empty, 0 rows, and 1 more" in said
    assert said.count("mood, weather") == 1


def test_an_empty_or_missing_folder_is_named(
    warehouse: Warehouse, sources: Sources, tmp_path: Path
) -> None:
    before = warehouse.published()
    empty = tmp_path / "empty"
    empty.mkdir()
    for folder, reason in ((empty, "no JSON file"), (tmp_path / "gone", "No such")):
        data = replace(sources.data, songs=str(folder))
        with pytest.raises(WarehouseError, match=reason) as error:
            warehouse.load(data)
        assert str(folder) in str(error.value)
    assert warehouse.published() == before


def test_an_unreadable_file_is_named(warehouse: Warehouse, sources: Sources) -> None:
    # A link to nowhere is unreadable for root too, whom permissions don't stop.
    path = sources.events / "link.json"
    path.symlink_to(sources.events / "nowhere")
    before = warehouse.published()
    with pytest.raises(WarehouseError, match=r"link\.json: No such file"):
        warehouse.load(sources.data)
    assert warehouse.published() == before
