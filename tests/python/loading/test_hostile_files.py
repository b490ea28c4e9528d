"""Odd names, odd files and odd values: each loads whole, or stops the load by name."""

import gzip
import itertools
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import Any

import pytest
from common.errors import WarehouseError
from common.messages import Advance
from load import loading, reading
from load.files import list_folder
from load.loading import Loaded
from load.reading import Reader, Task
from support.helpers import Sources, Warehouse, event, lines, song


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """A log and a song, not loaded yet."""
    made = Sources(tmp_path)
    made.write_events("1.json", event(0), event(1))
    made.write_songs("A.json", song("SO1"))
    return made


def in_place(monkeypatch: pytest.MonkeyPatch) -> None:
    """Have every log read in place, as only large ones are."""
    monkeypatch.setattr(reading, "IN_PLACE_BYTES", 0)
    monkeypatch.setattr(reading, "SETTLED_SECONDS", -1)


def test_large_logs_and_small_ones_load_alike_whatever_their_names(
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
    # A name is never SQL.
    folder = sources.events / "day=1" / 'it\'s 100% "odd"; drop table x --é'
    for at, name in enumerate(("o'neil", "a'||(select error(42))||'", "b''; --")):
        text = lines(event(20 + at)) + b"\n{\n" + lines(event(30 + at))
        sources.write(folder / f"{name}.json", text)

    @contextmanager
    def progress(_: str, total: int, in_bytes: bool) -> Iterator[Advance]:
        read: list[int] = []
        yield lambda steps, *_: read.append(steps)
        files = [*sources.events.rglob("*.json"), *sources.songs.iterdir()]
        assert (sum(read), in_bytes) == (total, True)
        assert total == sum(file.stat().st_size for file in files)

    monkeypatch.setattr(loading, "progress", progress)

    def content() -> list[list[tuple[object, ...]]]:
        loaded = warehouse.load(sources.data, max_errors=7)
        assert (loaded.rows, loaded.rejected) == (23, 7)
        rejected = (
            "select path, line, reason from rejected_rows"
            " where length(raw) <= 5000000 order by 1, 2"
        )
        staged = "select * from staging_events order by ts"
        return [warehouse.rows(rejected), warehouse.rows(staged)]

    small, cut = content(), "not valid JSON (RFC 8259)"
    large = [(sources.events / f"{at}.json", 1, "longer than 4 MB") for at in (6, 7, 8)]
    wrong = [(sources.events / "3.json", 4, cut), *large]
    wrong += [(path, 2, cut) for path in sorted(folder.iterdir())]
    assert small[0] == [(str(path), line, reason) for path, line, reason in wrong]
    warehouse.remove()
    in_place(monkeypatch)
    assert content() == small


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
    message = warehouse.refused(sources.data)
    named = "events: a file" if moment == "same size and time" else f"{path}:"
    assert message == f"{named} changed while it was read; run again"


def test_linked_folders_are_followed_without_loops_and_odd_names_refused(
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
    with open(os.fsencode(other) + b"/caf\xe9.json", "wb"):  # noqa: PTH123
        pass
    with pytest.raises(WarehouseError, match=r"caf\\xe9\.json: the name is not UTF-8"):
        list_folder("events", sources.events)


def test_gzip_as_the_standard_has_it(warehouse: Warehouse, sources: Sources) -> None:
    """Several members, in one line even, and zeros at the end; nothing else there."""
    text = lines(event(2)) + b"\n"
    members = text, lines(event(3))[:50], lines(event(3))[50:]
    zipped = b"".join(map(gzip.compress, members))
    sources.write(sources.events / "2.json.gz", zipped + bytes(512))
    sources.write(sources.songs / "B.json.gz", gzip.compress(lines(song("SO2"))) * 2)
    assert warehouse.load(sources.data) == Loaded(4, 7, 0)
    sources.write(sources.events / "3.json.gz", gzip.compress(text) + b"more")
    assert (
        "3.json.gz, line 2: the gzip data is cut off or damaged"
        in warehouse.refused(sources.data)
    )


def test_a_copy_holds_the_bytes_that_were_hashed(
    tmp_path: Path, sources: Sources
) -> None:
    ((file,), _) = list_folder("events", sources.events)
    with Reader(tmp_path, [Task(file, file.path)]) as reader:
        (batch,) = iter(reader.next_batch, None)
    Path(file.path).write_bytes(b"")
    copied = Path(batch.files[0]).read_text().split("\n")[:-1]
    parsed = [json.loads(row.split("\v")[3]) for row in copied]
    assert parsed == [event(0), event(1)]


def test_sql_never_counts_lines_whose_ends_are_mixed() -> None:
    seen: list[bytes] = []
    for text, is_plain in {
        b"{}\n{}\n": True,
        b"{}\r\n{}\r\n": True,
        b"{}\r\n{}\n": False,
        b"{}\n{}\r\n": False,
    }.items():
        assert reading.look(BytesIO(text), seen.append).is_plain == is_plain
