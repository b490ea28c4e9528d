"""Loads from S3: each object fetched once, whole or not at all, whatever happens."""

import gzip
import os
import time
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from common.errors import Refused, WarehouseError
from common.settings import Data
from load import loading as load_module
from load.loading import Loaded
from support.helpers import Sources, Warehouse, event, lines, song
from support.s3_server import Bucket, Request, user_who_may
from support.sample import make


@pytest.fixture
def delivered(bucket: Bucket) -> Bucket:
    """Two log files and two songs in a bucket, not loaded yet."""
    bucket.put("logs/1.json", lines(event(0), event(1, page="Home", song=None)))
    bucket.put("logs/2.json", lines(event(2)))
    bucket.put("songs/A.json", lines(song("SO1")))
    bucket.put("songs/B.json", lines(song("SO2", title="Otra")))
    return bucket


ALL = ["logs/1.json", "logs/2.json", "songs/A.json", "songs/B.json"]


def refused(
    warehouse: Warehouse, data: Data, kind: type[WarehouseError] = Refused
) -> str:
    """The one line that a load ends with; nothing is published and no part left."""
    warehouse.operation("create_staging_tables")
    before = warehouse.published()
    with pytest.raises(WarehouseError) as error:
        warehouse.load(data)
    assert type(error.value) is kind
    message = str(error.value)
    assert "\n" not in message
    assert warehouse.published() == before
    assert not list(load_module.CACHE.glob("*.part"))
    return message


def test_thousands_of_objects_load_as_they_do_from_a_folder(
    warehouse: Warehouse, bucket: Bucket, tmp_path: Path
) -> None:
    make("--songs", 1100, "--events", 500, tmp_path / "sample")
    logs, songs = tmp_path / "sample" / "log_data", tmp_path / "sample" / "song_data"

    def content() -> list[object]:
        return [
            warehouse.rows(f"select * from {table} order by all")
            for table in ("staging_events", "staging_songs")
        ]

    loaded = warehouse.load(Data(str(logs), str(songs)))
    folder = content()

    bucket.put_folder("logs", logs)
    bucket.put_folder("songs", songs)
    warehouse.remove()
    assert warehouse.load(bucket.data) == loaded == Loaded(1130, 1600, 0)
    assert content() == folder
    assert bucket.listings == 1 + 2, "a page has 1,000 keys"
    assert len(bucket.fetched) == 1130


def test_the_second_load_fetches_nothing(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    assert warehouse.load(delivered.data) == Loaded(4, 5, 0)
    assert delivered.fetched == ALL
    delivered.server.reset()
    assert warehouse.load(delivered.data) == Loaded(0, 0, 0)
    assert (delivered.fetched, delivered.listings) == ([], 2)


def test_a_fresh_warehouse_is_loaded_from_the_cache(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    warehouse.load(delivered.data)
    first = warehouse.rows("select * from staging_events order by all")
    delivered.server.reset()
    warehouse.remove()
    assert warehouse.load(delivered.data) == Loaded(4, 5, 0)
    assert warehouse.rows("select * from staging_events order by all") == first
    assert delivered.fetched == []


def test_a_changed_object_is_one_new_delivery(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    warehouse.load(delivered.data)
    delivered.server.reset()
    delivered.put("logs/2.json", lines(event(2, level="paid"), event(3)))
    assert warehouse.load(delivered.data) == Loaded(1, 2, 0)
    assert delivered.fetched == ["logs/2.json"]
    assert warehouse.rows(
        "select item_in_session, level, _load_id from staging_events order by 1"
    ) == [(0, "free", 1), (1, "free", 1), (2, "paid", 2), (3, "free", 2)]


def test_zipped_objects_load_and_others_are_counted_only(
    warehouse: Warehouse, delivered: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    delivered.put("logs/3.json.gz", gzip.compress(lines(event(3), event(4))))
    delivered.put("songs/C.JSONL.GZ", gzip.compress(lines(song("SO3"), song("SO4"))))
    delivered.put("logs/_SUCCESS", b"")
    delivered.put("logs/", b"")
    delivered.put("logs/log_json_path.jsonpaths", b"{}")
    delivered.put("logs/.ipynb_checkpoints/1-checkpoint.json", lines(event(0)))
    delivered.put("logs_old/0.json", lines(event(5)))
    assert warehouse.load(delivered.data) == Loaded(6, 9, 0)
    assert (
        "events: 3 files, 3 to read, 3 ignored: .jsonpaths, 2 hidden (a name that"
        in capsys.readouterr().err
    )
    assert delivered.fetched == sorted([*ALL, "logs/3.json.gz", "songs/C.JSONL.GZ"])


def test_objects_with_the_same_bytes_are_two_files(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    for number in range(20):
        delivered.put(f"logs/copy{number}.json", lines(event(2)))
        delivered.put(f"songs/empty{number}.json", b"")
    assert warehouse.load(delivered.data) == Loaded(44, 25, 0)
    assert warehouse.rows(
        "select rows_loaded, count(*) from loaded_files group by 1 order by 1"
    ) == [(0, 20), (1, 23), (2, 1)]
    assert warehouse.value("select count(*) from staging_events") == 3


@pytest.mark.parametrize(
    "etag", ["d41d8cd98f00b204e9800998ecf8427e-17", "../../a/b c+'", "x" * 128]
)
def test_an_etag_may_be_any_text(
    warehouse: Warehouse, delivered: Bucket, etag: str
) -> None:
    delivered.put("logs/3.json", lines(event(3)), etag)
    assert warehouse.load(delivered.data) == Loaded(5, 6, 0)
    assert warehouse.load(delivered.data) == Loaded(0, 0, 0)
    found = "select etag from loaded_files where path like '%3.json'"
    assert warehouse.value(found) == etag


def test_keys_may_be_odd(warehouse: Warehouse, delivered: Bucket) -> None:
    odd = 'logs/it\'s [1] 100%/a+b é//"x";--.json'
    delivered.put(odd, lines(event(3)))
    assert warehouse.load(delivered.data).files == 5
    found = "select path from loaded_files where path like '%;--%'"
    assert warehouse.value(found) == f"s3://{delivered.name}/{odd}"


def test_a_damaged_copy_in_the_cache_is_fetched_again(
    warehouse: Warehouse, delivered: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    delivered.put("logs/3.json", lines(event(3)), "d41d8cd98f00b204e9800998ecf8427e-2")
    warehouse.load(delivered.data)
    rows = "select * from staging_events order by all"
    loaded = warehouse.rows(rows)
    for copy in load_module.CACHE.glob("*.json"):
        copy.write_bytes(copy.read_bytes().replace(b"Ada", b"Eva"))  # of the same size
    delivered.server.reset()
    warehouse.remove()
    capsys.readouterr()
    warehouse.load(delivered.data)
    assert warehouse.rows(rows) == loaded
    assert delivered.fetched == ["logs/1.json", "logs/2.json", "logs/3.json"]
    assert capsys.readouterr().err.count("was damaged; fetched it again") == 3


# What goes wrong


def test_a_bad_line_is_named_by_the_objects_address(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    delivered.put("logs/3.json", b"\n{")
    message = refused(warehouse, delivered.data, WarehouseError)
    address = f"s3://{delivered.name}/logs/3.json"
    assert message.startswith(f"{address}, line 2: not valid JSON")


def test_a_bucket_that_is_not_there_is_named(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    data = replace(delivered.data, songs="s3://no-such-bucket-here/songs")
    assert refused(warehouse, data).startswith(
        "s3://no-such-bucket-here/songs: there is no such bucket; check the name (AWS: "
    )


def test_an_empty_prefix_is_named(warehouse: Warehouse, delivered: Bucket) -> None:
    data = replace(delivered.data, songs=f"s3://{delivered.name}/song")
    assert refused(warehouse, data, WarehouseError) == (
        f"songs: no JSON file under {data.songs}; check --songs or warehouse.toml"
    )


@pytest.mark.parametrize("allowed", [(), ("s3:ListBucket",)])
def test_access_denied_says_what_is_needed(
    warehouse: Warehouse,
    delivered: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    allowed: tuple[str, ...],
) -> None:
    with user_who_may(*allowed) as (key, secret):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        message = refused(warehouse, delivered.data)
    address = f"s3://{delivered.name}/logs{'/1.json' if allowed else ''}"
    needed = "s3:GetObject" if allowed else "s3:ListBucket"
    assert message.startswith(
        f"{address}: not allowed: {needed}; scripts/cluster/loader_policy.json has"
    )


def test_who_may_list_and_get_needs_no_more(
    warehouse: Warehouse, delivered: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    with user_who_may("s3:ListBucket", "s3:GetObject") as (key, secret):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        assert warehouse.load(delivered.data) == Loaded(4, 5, 0)


def test_credentials_that_aws_does_not_know_are_named(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    with user_who_may():
        message = refused(warehouse, delivered.data)
    assert "AWS does not know these credentials; sign in (`aws sso" in message


def test_without_credentials_nothing_is_signed(
    warehouse: Warehouse, delivered: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    warehouse.load(delivered.data)
    assert all(asked.is_signed for asked in delivered.server.requests)
    warehouse.remove()
    delivered.server.reset()
    delivered.put("logs/3.json", lines(event(3)))
    delivered.publish()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert warehouse.load(delivered.data) == Loaded(5, 6, 0)
    assert delivered.fetched == ["logs/3.json"]
    assert not any(asked.is_signed for asked in delivered.server.requests)


def test_without_credentials_a_private_object_is_denied(
    warehouse: Warehouse, delivered: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    message = refused(warehouse, delivered.data)
    assert "/logs/1.json: not allowed: s3:GetObject; " in message


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("AWS_SECRET_ACCESS_KEY", "Partial credentials"),
        ("AWS_PROFILE", "profile (nobody) could not be found"),
    ],
)
def test_half_set_up_credentials_are_one_line(
    warehouse: Warehouse,
    delivered: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    name: str,
    reason: str,
) -> None:
    monkeypatch.delenv(name, raising=False)
    if name == "AWS_PROFILE":
        monkeypatch.setenv(name, "nobody")
    message = refused(warehouse, delivered.data)
    assert reason in message
    assert message.endswith(" or set AWS_PROFILE")


def test_a_server_out_of_reach_is_one_line(
    warehouse: Warehouse, delivered: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    message = refused(warehouse, delivered.data, WarehouseError)
    assert message.startswith(f"{delivered.data.events}: AWS cannot be reached: Could")
    assert message.endswith("; check the network and the region")


def test_an_object_deleted_after_the_listing_stops_the_load(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    def delete(asked: Request) -> None:
        if asked.path.endswith("/songs/B.json"):
            delivered.delete("songs/B.json")

    delivered.server.before = delete
    assert refused(warehouse, delivered.data, WarehouseError).startswith(
        f"s3://{delivered.name}/songs/B.json: the object is gone since it was listed;"
        " run again (AWS: "
    )
    assert warehouse.load(delivered.data) == Loaded(3, 4, 0)


def test_an_object_changed_after_the_listing_stops_the_load(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    def change(asked: Request) -> None:
        if asked.path.endswith("/songs/B.json"):
            delivered.put("songs/B.json", lines(song("SO2", title="Otro")))

    delivered.server.before = change
    assert refused(warehouse, delivered.data, WarehouseError).startswith(
        f"s3://{delivered.name}/songs/B.json: the object changed while it was read;"
        " run again (AWS: "
    )
    delivered.server.reset()
    assert warehouse.load(delivered.data) == Loaded(4, 5, 0)
    assert warehouse.value("select count(*) from staging_songs where title='Otro'") == 1
    assert delivered.fetched == ["songs/B.json"], "the others are in the cache"


def cut(body: Iterable[bytes]) -> list[bytes]:
    """The first half of a body whose length was announced."""
    content = b"".join(body)
    return [content[: len(content) // 2]]


def test_a_line_that_is_cut_is_tried_again(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    tries: list[Request] = []

    def through(asked: Request, body: Iterable[bytes]) -> Iterable[bytes]:
        if not asked.path.endswith("/songs/B.json"):
            return body
        tries.append(asked)
        return cut(body) if len(tries) < 3 else body

    delivered.server.through = through
    assert warehouse.load(delivered.data) == Loaded(4, 5, 0)
    assert len(tries) == 3


def test_a_line_that_is_always_cut_stops_the_load(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    delivered.server.through = lambda asked, body: (
        cut(body) if asked.path.endswith(".json") else body
    )
    message = refused(warehouse, delivered.data, WarehouseError)
    assert message.startswith(f"s3://{delivered.name}/logs/1.json: AWS cannot be")
    assert message.endswith("; check the network and the region")
    assert not list(load_module.CACHE.iterdir()), "no half of a file is kept"


def test_what_a_killed_run_left_in_the_cache_is_not_read_and_goes(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    warehouse.load(delivered.data)
    whole = sorted(load_module.CACHE.iterdir())
    old = whole[0].with_name(f"{whole[0].name}.1.part")
    young = whole[0].with_name(f"{whole[0].name}.2.part")
    for part in (old, young):
        part.write_bytes(b"{")
    hours_ago = time.time() - 7200
    os.utime(old, (hours_ago, hours_ago))
    whole[1].write_bytes(b"{")
    warehouse.remove()
    assert warehouse.load(delivered.data) == Loaded(4, 5, 0)
    assert sorted(load_module.CACHE.iterdir()) == sorted([*whole, young])


def test_a_cache_that_cannot_be_written_is_named(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    load_module.CACHE.write_text("a file where the folder should be")
    assert refused(warehouse, delivered.data, WarehouseError) == (
        f"{load_module.CACHE}: File exists; make room there, or make it writable"
    )


def test_one_source_may_be_a_folder(
    warehouse: Warehouse, delivered: Bucket, tmp_path: Path
) -> None:
    sources = Sources(tmp_path)
    sources.write_songs("C.json", song("SO3"))
    data = replace(delivered.data, songs=str(sources.songs))
    assert warehouse.load(data) == Loaded(3, 4, 0)
    assert delivered.fetched == ["logs/1.json", "logs/2.json"]
