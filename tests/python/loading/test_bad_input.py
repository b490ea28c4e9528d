"""Whatever is wrong with a file: it is named, and nothing is published."""

import gzip
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from support.helpers import TS, Sources, Warehouse, event, lines, song
from support.redshift_warehouse import RedshiftWarehouse

GOOD = lines(event(10), event(11)) + b"\n"
SOON = int(time.time() * 1000) + 2 * 86_400_000


def bad_event(**changes: object) -> bytes:
    """An event with changed keys, and a good one after it."""
    return lines(event(12, **changes), event(13))


def spoiled(old: bytes, new: bytes, **changes: object) -> bytes:
    """The same, with other bytes in the first."""
    return bad_event(**changes).replace(old, new, 1)


# Each is a third line, after two good ones.
BAD_LINES: dict[str, tuple[bytes, str]] = {
    "malformed": (b'{"artist": nope}', "not valid JSON"),
    "invalid UTF-8": (spoiled(b"Moss", b"M\xffss"), "not valid UTF-8"),
    "NUL": (spoiled(b"Moss", b"M\0ss"), "NUL byte"),
    "escaped NUL": (bad_event(lastName="M\0ss"), "holds a NUL character"),
    "array": (b"[" + lines(event(12)) + b"]", "not a JSON object but array"),
    "number": (b"42", "not a JSON object but"),
    "two objects": (lines(event(12)) + lines(event(13)), "not valid JSON"),
    "missing key": (spoiled(b'"sessionId"', b'"id"'), "required key sessionId is miss"),
    "text for a number": (bad_event(sessionId="x1"), "sessionId is not a whole number"),
    "text for a length": (bad_event(length="long"), "length is not a number: long"),
    "future": (bad_event(ts=SOON), "ts must be epoch milliseconds between 2001 and to"),
    "duplicate key": (spoiled(b"{", b'{"page": "Home", '), "a key stands twice"),
    "over-long text": (bad_event(page="x" * 65), "page is longer than 64 bytes"),
    "4 MB": (bad_event(song="x" * 4_200_000), "longer than 4 MB"),
    "lone surrogate": (spoiled(b"Moss", b"\\ud800"), "not valid JSON"),
}
SO2, SO3 = lines(song("SO2")), lines(song("SO3"))
# Each is a file, with the line of the fault.
BAD_SONGS: dict[str, tuple[bytes, int, str]] = {
    "malformed": (b'{"song_id": ', 1, "not valid JSON"),
    "comma at the end": (SO2[:-1] + b",}", 1, "not valid JSON"),
    "NaN": (SO2.replace(b"2003", b"NaN"), 1, "not valid JSON"),
    "line end in a text": (SO2.replace(b"Eres", b"Er\nes"), 1, "not valid JSON"),
    "comma between": (SO2 + b",\n" + SO3, 1, "not valid JSON"),
    "empty key": (lines(song("SO2", artist_name="")), 1, "artist_name is missing or"),
    "text for a year": (lines(song("SO2", year="old")), 1, "year is not a whole"),
    "array": (b"[" + SO2 + b"]", 1, "not a JSON object but array"),
    "second of two": (
        SO2 + b"\n\n" + lines(song("SO3", duration="x")),
        3,
        "duration is not a number",
    ),
    "invalid UTF-8": (
        SO2 + b"\n" + SO3.replace(b"Eres", b"\xe9"),
        2,
        "not valid UTF-8",
    ),
    "NUL": (SO2.replace(b"Eres", b"Er\0es"), 1, "NUL byte"),
    "byte order mark": (b"\xef\xbb\xbf" + SO2, 1, "byte order mark"),
    "nested": (lines(song("SO2", title=["Eres"])), 1, "title holds a nested value"),
    "5 MB": (lines(song("SO2", title="x" * 5_200_000)), 1, "longer than 4 MB"),
}
# Values that COPY accepts and no mart can hold: both engines give the same reason.
VALUES: list[tuple[str, dict[str, Any], str]] = [
    ("logs", {"page": ""}, "required key page is missing or empty"),
    (
        "logs",
        {"ts": TS // 1000},
        "ts must be epoch milliseconds between 2001 and tomor",
    ),
    ("logs", {"song": {"a": 1}}, "song holds a nested value, not a text"),
    ("logs", {"length": 123456}, "length must be from 0 to 99999: 123456"),
    ("logs", {"registration": 1e300}, "registration must be from 0 to 253402300799999"),
    ("logs", {"level": "gold"}, "level must be free or paid: gold"),
    ("logs", {"userId": 39.0}, "userId must be a text or a whole number: 39.0"),
    ("songs", {"song_id": " "}, "required key song_id is missing or empty"),
    ("songs", {"title": "\u2003 "}, "required key title is missing or empty"),
    ("songs", {"duration": 100000}, "duration must be from 0 to 99999: 100000"),
    ("songs", {"year": 99999999999}, "year must be from 0 to 9999: 99999999999"),
    (
        "songs",
        {"artist_latitude": 90.6},
        "artist_latitude must be from -90 to 90: 90.6",
    ),
    (
        "songs",
        {"artist_longitude": 1e300},
        "artist_longitude must be from -180 to 180:",
    ),
]


@pytest.fixture
def sources(tmp_path: Path, warehouse: Warehouse) -> Sources:
    """A good log and a good song, loaded."""
    made = Sources(tmp_path)
    made.write_events("good.json", event(0), event(1))
    made.write_songs("good.json", song("SO1"))
    warehouse.load(made.data)
    return made


def test_a_bad_line_is_named_or_set_aside(
    warehouse: Warehouse, sources: Sources
) -> None:
    """Lines of files = rows loaded + rows rejected, and the raw line is kept."""
    wanted = {}
    for case, (line, reason) in BAD_LINES.items():
        path = sources.write(sources.events / f"{case}.json", GOOD + line)
        wanted[str(path)] = (3, reason, line.split(b"\n")[0])
    for case, (content, number, reason) in BAD_SONGS.items():
        path = sources.write(sources.songs / f"{case}.json", content)
        wanted[str(path)] = (number, reason, b"")
    mark = b"\xef\xbb\xbf" + GOOD
    path = sources.write(sources.events / "mark.json", mark)
    wanted[str(path)] = (1, "starts with a byte order mark", mark.split(b"\n")[0])
    bad = len(wanted)

    first = str(sources.events / "4 MB.json")
    message = warehouse.refused(sources.data)
    assert message.startswith(f"{first}, line 3: longer than 4 MB; {bad} bad line(s)")
    assert f"; {bad} bad line(s) in all, {bad - 1} allowed" in warehouse.refused(
        sources.data, max_errors=bad - 1
    )
    loaded = warehouse.load(sources.data, max_errors=bad)
    assert (loaded.files, loaded.rejected) == (bad, bad)
    kept, counts = warehouse.answers(
        "select path, line, reason, raw from rejected_rows",
        "select path, rows_loaded, rows_rejected from loaded_files where load_id = 2",
    )
    assert len(kept) == len(counts) == bad
    for at, number, reason, raw in kept:
        line, why, text = wanted[at]
        assert number == line, at
        assert why in reason, at
        if text:
            shown = text.decode("utf-8", "backslashreplace").replace("\0", "\\x00")
            assert raw == shown
    for at, rows, rejected in counts:
        assert rejected == 1, at
        if "logs" in at:
            content = Path(at).read_bytes().split(b"\n")
            assert rows == len([line for line in content if line]) - 1, at
    assert loaded.rows == sum(rows for _, rows, _ in counts)


def test_values_that_no_mart_can_hold_are_refused_alike_on_both_engines(
    warehouse: Warehouse, cluster: RedshiftWarehouse
) -> None:
    for subject in (warehouse, cluster):
        subject.put_events("good.json", event(0), event(1))
        subject.put_songs("good.json", song("SO1"))
        for number, (kind, changes, _) in enumerate(VALUES):
            row = event(9) if kind == "logs" else song("SO9")
            subject.put(f"{kind}/{number:02}.json", lines(row | changes))
    # COPY's rows have no file: the first reason is named, and all are counted.
    for kind, name, key in (
        ("logs", "events", "session_id 1 item"),
        ("songs", "songs", "song_id "),
    ):
        reasons = [reason for other, _, reason in VALUES if other == kind]
        message = cluster.refused(max_errors=1000)
        assert message.startswith(f"{name}: {min(reasons)}")
        assert f" ({len(reasons)} bad row(s) in all), such as {key}" in message
        assert "; nothing was loaded: Redshift does not say in which file; `" in message
        for number, (other, *_) in enumerate(VALUES):
            if other == kind:
                cluster.bucket.delete(f"{kind}/{number:02}.json")
    assert warehouse.load(max_errors=len(VALUES)).rows == 3
    found = warehouse.rows("select reason from rejected_rows order by path")
    for (reason,), (_, _, wanted) in zip(found, VALUES, strict=True):
        assert reason.startswith(wanted)

    # Texts that only look nested are texts, and what passes the load builds.
    harmless: Any = event(9, song="{Awake}", artist="[unknown]", location="{")
    logs = [harmless, event(8, level=""), event(7, level=None), event(7, page="Home")]
    songs = song("SO1 "), song("\u00a0SO1", artist_id="AR1\t")
    for subject in (warehouse, cluster):
        subject.put_events("fine.json", *logs)
        subject.put_songs("fine.json", *songs)
        subject.load()
        assert subject.rows("select song_id, artist_id from staging_songs") == [
            ("SO1", "AR1")
        ]
        assert str(subject.value("select count(level) from staging_events")) == "4"
    warehouse.done("run")


def gzipped_cut(content: bytes) -> bytes:
    """A gzip stream that ends too early."""
    return gzip.compress(content * 500)[:-30]


DAMAGED: list[tuple[str, Callable[[bytes], bytes], str]] = [
    ("bad.json.gz", gzipped_cut, "the gzip data is cut off"),
    ("bad.json.gz", bytes, "gzip data belongs in a file whose name ends in .gz"),
    ("bad.json", gzip.compress, "gzip data belongs in a file whose name ends in .gz"),
]


def test_a_damaged_or_missing_file_stops_the_load_whatever_is_allowed(
    warehouse: Warehouse, sources: Sources, tmp_path: Path
) -> None:
    for folder in (sources.events, sources.songs):
        for name, damage, reason in DAMAGED:
            path = sources.write(folder / name, damage(GOOD))
            message = warehouse.refused(sources.data, max_errors=1000)
            assert message.startswith(f"{path}, line ")
            assert reason in message
            path.unlink()
    # A link to nowhere is unreadable for root too, whom permissions don't stop.
    path = sources.events / "link.json"
    path.symlink_to(sources.events / "nowhere")
    assert "link.json: No such file" in warehouse.refused(sources.data)
    path.unlink()
    sources.songs = tmp_path / "empty"
    assert f"{sources.songs}: No such" in warehouse.refused(sources.data)
    sources.songs.mkdir()
    assert f"no JSON file under {sources.songs}" in warehouse.refused(sources.data)


def test_harmless_oddities_load(
    warehouse: Warehouse, sources: Sources, capsys: pytest.CaptureFixture[str]
) -> None:
    more = lines(event(21, mood="gay", weather=None))
    odd = lines(event(20)) + b"\r\n\r\n   \n" + more
    sources.write(sources.events / "odd [1].json", odd)
    sources.write(sources.events / "nested" / "more.Jsonl.gz", gzip.compress(GOOD))
    sources.write(sources.events / "empty.json", b"")
    sources.write(sources.events / "blank.json", b"\n \n")
    sources.write(sources.events / "README.txt", b"not a log")
    ya_no = song("SO3", title="Ya no", artist_name=311)
    pretty = json.dumps(song("SO2"), indent=2) + " " + json.dumps(ya_no, indent=1)
    sources.write(sources.songs / "pretty.json", pretty.encode())
    zipped = lines(song("SO4"), song("SO5", title=4.6))
    sources.write(sources.songs / "zipped.json.gz", gzip.compress(zipped))
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
