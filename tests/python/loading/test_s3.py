"""Loads from S3: each object fetched once, whole or not at all, whatever happens."""

import gzip
import os
from collections.abc import Callable, Iterable
from dataclasses import replace
from pathlib import Path

import pytest
from common.errors import Refused, WarehouseError
from common.settings import Data
from load import loading as load_module
from load.loading import Loaded
from support.aws_server import Call
from support.buckets import Bucket, user_who_may
from support.helpers import Sources, Warehouse, event, lines, song


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
    message = warehouse.refused(data, kind=kind)
    assert not list(load_module.CACHE.glob("*.part"))
    return message


def test_an_object_is_fetched_and_loaded_once(
    warehouse: Warehouse, delivered: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("MOTO_S3_DEFAULT_MAX_KEYS", "1")  # a page of a listing
    rows = "select * from staging_events order by all"
    assert warehouse.load(delivered.data) == Loaded(4, 5, 0)
    assert (delivered.fetched, delivered.listings) == (ALL, 4)
    first = warehouse.rows(rows)
    delivered.server.forget()
    assert warehouse.load(delivered.data) == Loaded(0, 0, 0)
    # A fresh warehouse is loaded from the cache. What a killed run left does not
    # matter, and a damaged copy is fetched again.
    one, two, *_ = sorted(load_module.CACHE.glob("*.json"))
    for path in (one.with_name(f"{one.name}.1.part"), two):
        path.write_bytes(b"{")
    one.write_bytes(one.read_bytes().replace(b"e", b"f"))  # of the same size
    warehouse.remove()
    assert warehouse.load(delivered.data) == Loaded(4, 5, 0)
    assert warehouse.rows(rows) == first
    assert len(delivered.fetched) == 2
    # A changed object is one new delivery.
    delivered.server.forget()
    delivered.put("logs/2.json", lines(event(2, level="paid"), event(3)))
    assert warehouse.load(delivered.data) == Loaded(1, 2, 0)
    assert delivered.fetched == ["logs/2.json"]
    assert warehouse.rows(
        "select item_in_session, level, _load_id from staging_events order by 1"
    ) == [(0, "free", 1), (1, "free", 1), (2, "paid", 2), (3, "free", 2)]


def test_any_key_etag_and_ending_loads(
    warehouse: Warehouse, delivered: Bucket, capsys: pytest.CaptureFixture[str]
) -> None:
    etags = {"4": "d41d8cd98f00b204e9800998ecf8427e-17", "5": "../../a/b c+'"}
    for name, etag in (etags | {"6": "x" * 128}).items():
        delivered.put(f"logs/{name}.json", lines(event(int(name))), etag)
    odd = 'logs/it\'s [1] 100%/a+b é//"x";--.json'
    delivered.put(odd, lines(event(9)))
    delivered.put("logs/3.json.gz", gzip.compress(lines(event(3), event(3))))
    delivered.put("songs/C.JSONL.GZ", gzip.compress(lines(song("SO3"), song("SO4"))))
    delivered.put("logs/copy.json", lines(event(2)))  # the same bytes twice
    for key in ("_SUCCESS", "", "path.jsonpaths", ".ipynb_checkpoints/1.json"):
        delivered.put(f"logs/{key}", lines(event(0)))
    delivered.put("logs_old/0.json", lines(event(5)))
    assert warehouse.load(delivered.data) == Loaded(11, 14, 0)
    assert (
        "events: 8 files, 8 to read, 3 ignored: .jsonpaths, 2 hidden (a name that"
        in capsys.readouterr().err
    )
    assert len(delivered.fetched) == 11
    assert warehouse.value("select count(*) from staging_events") == 8
    found = dict(warehouse.rows("select path, etag from loaded_files"))
    prefix = f"s3://{delivered.name}/"
    assert prefix + odd in found
    for name, etag in etags.items():
        assert found[f"{prefix}logs/{name}.json"] == etag
    assert warehouse.load(delivered.data) == Loaded(0, 0, 0)
    # A copy is compared where the ETag is no hash, too.
    for copy in load_module.CACHE.glob("*.json"):
        copy.write_bytes(copy.read_bytes().replace(b"Ada", b"Eva"))
    warehouse.remove()
    warehouse.load(delivered.data)
    assert warehouse.rows("select distinct first_name from staging_events") == [
        ("Ada",)
    ]
    assert "was damaged; fetched it again" in capsys.readouterr().err


# What goes wrong


def test_what_aws_refuses_and_what_cannot_be_is_one_line(
    warehouse: Warehouse, delivered: Bucket, monkeypatch: pytest.MonkeyPatch
) -> None:
    data, logs = delivered.data, f"s3://{delivered.name}/logs"
    policy = "; scripts/cluster/loader_policy.json has"

    def says(words: str, **environment: str | None) -> None:
        with monkeypatch.context() as patch:
            for name, value in environment.items():
                if value is None:
                    patch.delenv(name)
                else:
                    patch.setenv(name, value)
            assert words in refused(warehouse, data)

    for allowed, needed in (
        ([], f"{logs}: not allowed: s3:ListBucket{policy}"),
        (["s3:ListBucket"], f"{logs}/1.json: not allowed: s3:GetObject{policy}"),
    ):
        with user_who_may(*allowed) as (key, secret):
            says(needed, AWS_ACCESS_KEY_ID=key, AWS_SECRET_ACCESS_KEY=secret)
    with user_who_may():
        says("AWS does not know these credentials; sign in (`aws sso")
    unsigned = {"AWS_ACCESS_KEY_ID": None, "AWS_SECRET_ACCESS_KEY": None}
    says("/logs/1.json: not allowed: s3:GetObject; ", **unsigned)
    says("Partial credentials", AWS_SECRET_ACCESS_KEY=None)
    says("profile (nobody) could not be found", AWS_PROFILE="nobody")
    data = replace(data, songs="s3://no-such-bucket-here/songs")
    says("s3://no-such-bucket-here/songs: there is no such bucket; check the name (AWS")

    def stops(words: str) -> None:
        assert words in refused(warehouse, data, WarehouseError)

    data = delivered.data
    delivered.put("logs/3.json", b"\n{")
    stops(f"{logs}/3.json, line 2: not valid JSON")
    delivered.delete("logs/3.json")
    monkeypatch.setattr(load_module, "CACHE", Path(os.devnull))
    stops(f"{os.devnull}: File exists; make room there, or make it writable")
    monkeypatch.setenv("AWS_ENDPOINT_URL", "http://127.0.0.1:9")
    monkeypatch.setenv("AWS_MAX_ATTEMPTS", "1")
    stops(f"{logs}: AWS cannot be reached: Could")


def test_who_may_list_and_get_needs_no_more_and_public_data_no_credentials(
    warehouse: Warehouse,
    delivered: Bucket,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    sources = Sources(tmp_path)
    sources.write_songs("C.json", song("SO3"))
    mixed = replace(delivered.data, songs=str(sources.songs))
    with user_who_may("s3:ListBucket", "s3:GetObject") as (key, secret):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        assert warehouse.load(mixed) == Loaded(3, 4, 0)
    assert all(call.region for call in delivered.server.calls)
    delivered.server.forget()
    delivered.publish()
    monkeypatch.delenv("AWS_ACCESS_KEY_ID")
    monkeypatch.delenv("AWS_SECRET_ACCESS_KEY")
    assert warehouse.load(delivered.data) == Loaded(2, 2, 0)
    assert delivered.fetched == ["songs/A.json", "songs/B.json"]
    assert not any(call.region for call in delivered.server.calls)


def test_an_object_that_goes_or_changes_after_the_listing_stops_the_load(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    name = f"s3://{delivered.name}/songs/B.json"

    def meanwhile(act: Callable[[], object]) -> str:
        def guard(call: Call) -> None:
            if call.params["Key"] == "songs/B.json":
                act()

        delivered.server.guard = guard
        message = refused(warehouse, delivered.data, WarehouseError)
        delivered.server.forget()
        return message

    other = lines(song("SO2", title="Otro"))
    assert meanwhile(lambda: delivered.put("songs/B.json", other)).startswith(
        f"{name}: the object is gone or changed since it was listed; run again (AWS: "
    )
    assert meanwhile(lambda: delivered.delete("songs/B.json")).startswith(
        f"{name}: the object is gone or changed since it was listed; run again (AWS: "
    )
    assert warehouse.load(delivered.data) == Loaded(3, 4, 0)
    assert delivered.fetched == [], "the others are in the cache"


def test_a_connection_that_is_cut_is_tried_again_and_then_stops_the_load(
    warehouse: Warehouse, delivered: Bucket
) -> None:
    tries: list[Call] = []

    def send(call: Call, body: Iterable[bytes]) -> Iterable[bytes]:
        if call.action != "GetObject":
            return body
        tries.append(call)
        content = b"".join(body)
        half = len(content) // 2  # of the length that was announced
        return [content[:half] if len(tries) < cuts else content]

    delivered.server.send = send
    cuts = 999
    message = refused(warehouse, delivered.data, WarehouseError)
    assert message.startswith(f"s3://{delivered.name}/logs/1.json: AWS cannot be")
    assert message.endswith("; check the network and the region")
    assert not list(load_module.CACHE.iterdir()), "no half of a file is kept"
    tries.clear()
    cuts = 3
    assert warehouse.load(delivered.data) == Loaded(4, 5, 0)
    assert len(tries) == 6
