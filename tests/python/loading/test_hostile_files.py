"""Odd names, odd files and odd values: each loads whole, or stops the load by name."""

import gzip
import itertools
import json
import os
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from common.errors import WarehouseError
from common.messages import Bar
from load import loading, reading
from load.files import list_folder
from load.loading import Loaded
from load.reading import Batch, Reader, Task
from support.helpers import Sources, Warehouse, event, lines, song


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A log and a song, not loaded yet."""
    made = Sources(tmp_path)
    made.write_events("1.json", event(0), event(1))
    made.write_songs("A.json", song("SO1"))
    return made


def refused(warehouse: Warehouse, sources: Sources) -> str:
    """The one line that a load ends with; nothing is published."""
    warehouse.operation("create_staging_tables")
    before = warehouse.published()
    with pytest.raises(WarehouseError) as error:
        warehouse.load(sources.data)
    assert warehouse.published() == before
    return str(error.value)


def in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every log read in place, as only large ones are."""
    monkeypatch.setattr(reading, "IN_PLACE_BYTES", 0)
    monkeypatch.setattr(reading, "SETTLED_SECONDS", -1)


@pytest.mark.parametrize("size", ["large", "small"])
def test_a_files_name_is_never_sql(
    size: str, warehouse: Warehouse, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    if size == "large":
        in_place(monkeypatch)
    text = lines(event(2)) + b"\n{\n" + lines(event(3))
    folder = sources.events / "day=1" / 'it\'s 100% "odd"; drop table x --é'
    names = [
        "o'neil.json",
        "a'||(select error(42))||'.json",
        "b''; drop table x; --.json",
    ]
    for name in names:
        sources.write(folder / name, text)
    loaded = warehouse.load(sources.data, max_errors=3)
    assert (loaded.files, loaded.rejected) == (5, 3)
    assert warehouse.rows("select path, line, raw from rejected_rows order by 1") == [
        (str(folder / name), 2, "{") for name in sorted(names)
    ]


def test_large_logs_and_small_ones_load_alike(
    warehouse: Warehouse, sources: Sources, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Every line end, a line of 4 MB and a longer one, repeated keys across both kinds.
    sources.write_events("2.json", *(event(item, level="paid") for item in range(5)))
    sources.write(
        sources.events / "3.json",
        lines(event(7)) + b"\r\n\n" + lines(event(8)) + b"\n{\r\n" + lines(event(9)),
    )
    sources.write(sources.events / "4.json", lines(event(0)) + b"\r\n")
    room = 4 * 2**20 - len(lines(event(10, extra="")))
    sources.write_events("5.json", event(10, extra="x" * room), event(11))
    sources.write_events("6.json", event(12, extra="x" * (room + 1)), event(13))
    with (sources.events / "7.json").open("wb") as out:
        out.writelines(b"x" * 2**20 for _ in range(11))
        out.write(b"\n" + lines(event(14)))
    sources.write_events("8.json", event(15, extra="x" * 5_200_000), event(16))

    @contextmanager
    def progress(_: str, total: int, in_bytes: bool) -> Iterator[Bar]:
        read: list[int] = []
        yield Bar(lambda steps, *_: read.append(steps))
        files = [*sources.events.iterdir(), *sources.songs.iterdir()]
        assert (sum(read), in_bytes) == (total, True)
        assert total == sum(file.stat().st_size for file in files)

    monkeypatch.setattr(loading, "progress", progress)

    def content() -> list[list[tuple[object, ...]]]:
        loaded = warehouse.load(sources.data, max_errors=4)
        assert (loaded.rows, loaded.rejected) == (17, 4)
        rejected = (
            "select path[-6:], line, reason from rejected_rows"
            " where length(raw) <= 5000000 order by 1, 2"
        )
        staged = "select * from staging_events order by ts"
        return [warehouse.rows(rejected), warehouse.rows(staged)]

    small = content()
    assert small[0] == [
        ("3.json", 4, "not valid JSON: malformed or cut off"),
        ("6.json", 1, "longer than 4 MB"),
        ("7.json", 1, "longer than 4 MB"),
        ("8.json", 1, "longer than 4 MB"),
    ]
    warehouse.remove()
    in_place(monkeypatch)
    assert content() == small


NOT_JSON = [
    b'{"song_id": "SO2", "year": NaN}',
    b'{"song_id": "SO2", "year": -Infinity}',
    b'{"song_id": "SO2",}',
    b'{"song_id": "SO2", "extra": [1,]}',
    b'{"song_id": "SO\n2"}',
    b'{"song_id": "SO\r2"}',
]
VALUES: list[tuple[dict[str, object], str]] = [
    ({"length": 123456}, "length must be from 0 to 99999: 123456"),
    ({"length": 1e300}, "length must be from 0 to 99999: 1e+300"),
    ({"length": -1}, "length must be from 0 to 99999: -1"),
    ({"registration": 1e300}, "registration must be from 0 to 253402300799999: 1e+300"),
    ({"level": "gold"}, "level must be free or paid: gold"),
    ({"level": 1}, "level must be free or paid: 1"),
    ({"userId": 39.0}, "userId must be a text or a whole number: 39.0"),
    ({"userId": "39.0"}, "userId must be a text or a whole number: 39.0"),
    ({"song": 1e5}, "song must be a text: put its number in quotes"),
]
SONG_VALUES: list[tuple[dict[str, object], str]] = [
    ({"duration": 100000}, "duration must be from 0 to 99999: 100000"),
    ({"year": 99999999999}, "year must be from 0 to 9999: 99999999999"),
    ({"artist_latitude": 12345.6}, "artist_latitude must be from -90 to 90: 12345.6"),
    ({"artist_longitude": 1e300}, "artist_longitude must be from -180 to 180: 1e+300"),
]


def test_what_is_not_json_or_cannot_be_built_is_refused_by_line_and_range(
    warehouse: Warehouse, sources: Sources
) -> None:
    for number, text in enumerate(NOT_JSON):
        sources.write(sources.songs / f"n{number}.json", text)
    bad = [event(20 + item, **change) for item, (change, _) in enumerate(VALUES)]
    sources.write_events("v.json", *bad, event(40, level=""), event(41, level=None))
    songs = [song(f"S{item}", **change) for item, (change, _) in enumerate(SONG_VALUES)]
    sources.write_songs("v.json", *songs)
    message = refused(warehouse, sources)
    assert "v.json, line 1: length must be from 0 to 99999: 123456; 19 bad" in message
    warehouse.load(sources.data, max_errors=19)
    told = warehouse.rows(
        "select reason from rejected_rows order by source, path, line"
    )
    reasons = [row[0] for row in told]
    good = len(VALUES)
    assert reasons[:good] == [reason for _, reason in VALUES]
    assert all(
        reason.startswith("not valid JSON") for reason in reasons[good : good + 6]
    )
    assert reasons[good + 6 :] == [reason for _, reason in SONG_VALUES]
    assert warehouse.rows(
        "select level from staging_events where item_in_session >= 40"
    ) == [(None,), (None,)]
    warehouse.build()  # what passes the load builds


def test_white_space_around_ids_and_texts_makes_no_other_user_or_song(
    warehouse: Warehouse, sources: Sources
) -> None:
    users = ["39", 39, "39\t", " 39", "39\u00a0", "\u202839"]
    events = [event(10 + at, userId=user) for at, user in enumerate(users)]
    sources.write_events(
        "1.json", *events, event(10, page="NextSong\u3000", userId="39")
    )
    sources.write_songs("A.json", song("SO1"), song("SO1\t", title="Eres\u2003\n"))
    assert warehouse.load(sources.data) == Loaded(2, 9, 0)
    assert warehouse.value("select count(*) from staging_events") == len(users)
    warehouse.done("run", "-s", "+users", "+songs")
    assert warehouse.rows("select user_id from users") == [("39",)]
    assert warehouse.rows("select song_id, title from songs") == [("SO1", "Eres")]


# SQL asks for the log, then for the songs, and once more when it has read both.
MOMENTS = ["examined", "request 0", "request 1", "request 2", "same size and time"]


@pytest.mark.parametrize("moment", MOMENTS)
def test_a_file_rewritten_while_it_is_read_stops_the_load(
    moment: str,
    warehouse: Warehouse,
    sources: Sources,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_place(monkeypatch)
    path = sources.events / "1.json"
    os.utime(path, ns=(0, 0))
    content = path.read_bytes()

    def rewrite() -> None:
        if moment != "same size and time":  # as many bytes and lines as before
            path.write_bytes(content.replace(b"Ada", b"Eva"))
        else:
            path.write_bytes(content.split(b"\n")[0].ljust(len(content)))
            os.utime(path, ns=(0, 0))

    look, next_batch = reading.look, Reader.next_batch
    requests = itertools.count()

    def looked(*words: Any) -> Any:
        seen = look(*words)
        if moment == "examined":
            rewrite()
        return seen

    def requested(reader: Reader) -> Any:
        number = next(requests)
        if moment == f"request {number}":
            rewrite()
        batch = next_batch(reader)
        if number == 0 and moment == "same size and time":
            rewrite()
        return batch

    monkeypatch.setattr(reading, "look", looked)
    monkeypatch.setattr(Reader, "next_batch", requested)
    message = refused(warehouse, sources)
    named = "events: a file" if moment == "same size and time" else f"{path}:"
    assert message == f"{named} changed while it was read; run again"


def test_linked_folders_are_followed_without_loops(
    tmp_path: Path, sources: Sources
) -> None:
    other = tmp_path / "other"
    other.mkdir()
    (other / "2.json").write_bytes(lines(event(2)))
    (other / "back").symlink_to(sources.events)
    (sources.events / "link").symlink_to(other)
    (sources.events / "self").symlink_to(sources.events)
    os.mkfifo(sources.events / "pipe.json")
    listed, ignored = list_folder("events", sources.events)
    names = [str(Path(file.path).relative_to(sources.events)) for file in listed]
    assert names == ["1.json", "link/2.json"]
    assert ignored == {"not a regular file": 1}


def test_a_name_that_is_not_utf8_is_named(sources: Sources) -> None:
    name = os.fsencode(sources.events) + b"/caf\xe9.json"
    with open(name, "wb") as out:  # noqa: PTH123
        out.write(lines(event(2)))
    with pytest.raises(WarehouseError, match=r"caf\\xe9\.json: the name is not UTF-8"):
        list_folder("events", sources.events)


def test_gzip_as_the_standard_has_it(warehouse: Warehouse, sources: Sources) -> None:
    def member(content: bytes, flags: int = 0, more: bytes = b"") -> bytes:
        header = b"\x1f\x8b\x08" + bytes([flags]) + bytes(4) + b"\0\xff" + more
        if flags & 2:
            header += struct.pack("<H", zlib.crc32(header) & 0xFFFF)
        body = zlib.compressobj(wbits=-15)
        packed = body.compress(content) + body.flush()
        tail = struct.pack("<II", zlib.crc32(content), len(content))
        return header + packed + tail

    name_and_comment = b"log.json\0a comment\0"
    text = lines(event(2)) + b"\n"
    zipped = member(text, 2 | 8 | 16, name_and_comment)
    zipped += gzip.compress(lines(event(3))[:50]) + gzip.compress(lines(event(3))[50:])
    sources.write(sources.events / "2.json.gz", zipped + bytes(512))
    sources.write(sources.songs / "B.json.gz", gzip.compress(lines(song("SO2"))) * 2)
    assert warehouse.load(sources.data) == Loaded(4, 7, 0)
    sources.write(sources.events / "3.json.gz", gzip.compress(text) + b"more")
    assert "3.json.gz, line 2: the gzip data is cut off or damaged" in refused(
        warehouse, sources
    )


def test_a_reload_keeps_the_order_of_deliveries_and_names_what_it_loses(
    warehouse: Warehouse, sources: Sources, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse.load(sources.data)
    sources.write_events("0.json", event(0, level="paid"))  # corrects 1.json
    warehouse.load(sources.data)
    rows = "select item_in_session, level from staging_events order by 1"
    loaded = warehouse.rows(rows)
    assert loaded == [(0, "paid"), (1, "free")]
    for _ in range(2):  # the order survives a reload
        warehouse.load(sources.data, reload=True)
        assert warehouse.rows(rows) == loaded
    assert "reload leaves out" not in capsys.readouterr().err
    sources.write_events("1.json", event(0))
    warehouse.load(sources.data, reload=True)
    assert warehouse.rows(rows) == loaded[:1]
    assert (
        "reload leaves out 1 events that only overwritten or deleted files held:"
        " session_id 1 item_in_session 1 page NextSong" in capsys.readouterr().err
    )


def batches(copies: Path, folder: Path) -> list[Batch]:
    """How a folder's logs are read."""
    tasks = [Task(file, file.path) for file in list_folder("events", folder)[0]]
    with Reader(copies, tasks) as reader:
        return list(iter(reader.next_batch, None))


def test_the_plan_says_what_was_hashed(tmp_path: Path, sources: Sources) -> None:
    # The copy holds the bytes that were hashed, whatever happens to the file later.
    (batch,) = batches(tmp_path, sources.events)
    (sources.events / "1.json").write_bytes(b"")
    copied = Path(batch.files[0]).read_text().split("\n")[:-1]
    parsed = [json.loads(row.split("\v")[3]) for row in copied]
    assert parsed == [event(0), event(1)]


@pytest.mark.parametrize(
    ("text", "form"),
    [
        (b"{}\n{}\n", "lines"),
        (b"{}\r\n{}\r\n", "lines"),
        (b"{}\r\n{}\n", "rows"),
        (b"{}\n{}\r\n", "rows"),
    ],
)
def test_sql_never_counts_lines_whose_ends_are_mixed(
    text: bytes,
    form: str,
    tmp_path: Path,
    sources: Sources,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    in_place(monkeypatch)
    sources.write(sources.events / "1.json", text)
    assert [batch.form for batch in batches(tmp_path, sources.events)] == [form]
