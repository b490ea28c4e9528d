"""What goes wrong in a load into Redshift ends it in a line that says what to do."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from common.errors import Refused
from dbt_project.profile import profile_path
from load.loading import Loaded
from redshift_connector.core import Connection
from support.helpers import event, lines, song
from support.redshift_warehouse import RedshiftWarehouse
from support.s3_server import Objects, user_who_may

ROLE = "arn:aws:iam::123456789012:role/nobody"


@pytest.fixture
def filled(cluster: RedshiftWarehouse) -> RedshiftWarehouse:
    """A log and a song to load."""
    cluster.put_events("1.json", event(0), event(1))
    cluster.put_songs("A.json", song("SO1"))
    return cluster


# What AWS refuses


def test_a_role_that_the_cluster_cannot_use_is_named(filled: RedshiftWarehouse) -> None:
    advice = f"the cluster cannot use the role {ROLE}: not attached, not in sync"
    assert filled.refused(replace(filled.data, role=ROLE)).startswith(advice)
    filled.faults.fail("^copy", f"Not authorized to get credentials of role {ROLE}")
    assert "run `warehouse.py up`" in filled.refused(replace(filled.data, role=ROLE))


def test_a_bucket_in_another_region_is_named(filled: RedshiftWarehouse) -> None:
    elsewhere = Objects("sparkify-elsewhere", "eu-west-1")
    elsewhere.put("logs/1.json", lines(event(5)))
    data = replace(filled.data, events="s3://sparkify-elsewhere/logs")
    message = filled.refused(data)
    assert message.startswith("a bucket is in another region than us-west-2; set reg")


def test_a_role_without_access_is_told_what_it_lacks(filled: RedshiftWarehouse) -> None:
    data = filled.data
    needed = (
        f"the role default may not read {data.events}, {data.songs} or"
        f" {data.manifests}: it needs s3:ListBucket on the buckets and s3:GetObject on"
        " these prefixes; `warehouse.py up` grants both"
    )
    denied = "S3ServiceException:Access Denied,Status 403,Error AccessDenied,Rid 1"
    for text in (denied, f"Problem reading manifest file - {denied}"):
        filled.faults.fail("^copy load_songs", text)
        assert filled.refused() == f"{needed} (Redshift: {text})"
    filled.faults.meanwhile("^copy load_files", filled.server.deny)
    assert filled.refused().startswith(needed)


@pytest.mark.parametrize("name", ["events.jsonpaths", "songs.plain.manifest"])
def test_a_manifest_that_somebody_cleared_away_is_named(
    filled: RedshiftWarehouse, name: str
) -> None:
    def clear() -> None:
        for key in list(filled.manifests.contents):
            if key.endswith(name):
                filled.manifests.delete(key)

    filled.faults.meanwhile("^copy load_events", clear)
    assert filled.refused().startswith(
        f"what the load wrote under {filled.data.manifests} is gone; let nothing clear"
    )
    assert filled.load() == Loaded(2, 3, 0)


def test_an_object_that_is_gone_since_it_was_listed_is_no_loss(
    filled: RedshiftWarehouse,
) -> None:
    filled.put_events("2.json", event(2))
    filled.faults.meanwhile(
        "^copy load_events", lambda: filled.bucket.delete("logs/2.json")
    )
    message = filled.refused()
    assert " is gone since it was listed; run again (Redshift: " in message
    assert filled.load() == Loaded(2, 3, 0)


def test_manifests_need_a_prefix_that_we_may_write_to(
    filled: RedshiftWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    with user_who_may("s3:ListBucket", "s3:GetObject") as (key, secret):
        monkeypatch.setenv("AWS_ACCESS_KEY_ID", key)
        monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", secret)
        message = filled.refused()
    assert message.startswith(
        "s3://sparkify-manifests/m (manifests in [data]): not allowed: s3:PutObject;"
        " scripts/cluster/loader_policy.json has what this needs"
    )
    data = replace(filled.data, manifests="s3://no-such-bucket-here/m")
    assert "no such bucket" in filled.refused(data)


# What the settings get wrong


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"manifests": ""}, "set manifests in [data] of warehouse.toml to an s3://"),
        ({"events": "/logs"}, "events: /logs is a folder, and Redshift reads S3 only"),
        ({"songs": "s3://x"}, '"s3://x" is not an S3 address'),
    ],
)
def test_settings_that_cannot_work_are_named_before_anything_is_sent(
    filled: RedshiftWarehouse, changes: dict[str, Any], reason: str
) -> None:
    with pytest.raises(Refused) as error:
        filled.load(replace(filled.data, **changes))
    assert reason in str(error.value)
    assert not filled.sent()


@pytest.mark.parametrize(
    ("line", "wanted"),
    [
        ("retries: 2", "set it to 1"),
        ("retry_all: true", "set it to false"),
        ("autocommit: false", "set it to true"),
        ("connect_timeout: 30", "remove the line"),
    ],
)
def test_a_profile_that_breaks_a_promise_is_refused_by_its_key(
    filled: RedshiftWarehouse,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    line: str,
    wanted: str,
) -> None:
    key = line.split(":", maxsplit=1)[0]
    kept = profile_path().read_text(encoding="utf-8").splitlines()
    written = [text for text in kept if not text.strip().startswith(f"{key}:")]
    written.append(f"      {line}")
    path = tmp_path / "profiles.yml"
    path.write_text("\n".join(written), encoding="utf-8")
    monkeypatch.setattr(filled._dbt, "profile_path", path)
    with pytest.raises(Refused) as error:
        filled.load()
    assert str(error.value).startswith(f"{path}: {line}: ")
    assert str(error.value).endswith(wanted)
    assert not filled.sent()


def test_the_profile_keeps_a_silent_connection_alive(
    filled: RedshiftWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    made: list[dict[str, Any]] = []
    connect: Any = Connection.__init__

    def noted(self: Any, **options: Any) -> None:
        made.append(options)
        connect(self, **options)

    monkeypatch.setattr(Connection, "__init__", noted)
    filled._dbt.query("select 1 as one")
    assert made[0]["tcp_keepalive"] is True
    assert made[0]["tcp_keepalive_idle"] == 60


@pytest.mark.parametrize(
    ("place", "reason"),
    [
        ({"REDSHIFT_PORT": "1"}, "127.0.0.1, port 1, is not found or does not answer"),
        ({"REDSHIFT_HOST": "no-host.invalid"}, "no-host.invalid, port "),
    ],
)
def test_a_warehouse_that_does_not_answer_is_named(
    filled: RedshiftWarehouse,
    monkeypatch: pytest.MonkeyPatch,
    place: dict[str, str],
    reason: str,
) -> None:
    for name, value in place.items():
        monkeypatch.setenv(name, value)
    assert filled.refused().startswith(reason)


# What is wrong with the data

BAD_LINES: dict[str, tuple[bytes, str]] = {
    "malformed": (b'{"a": ', "Invalid JSON object"),
    "no object": (b"oops", "Expected a JSON object"),
    "over-long text": (lines(event(9, song="é" * 513)), "song: String length exceeds"),
    "4 MB": (lines(event(9, song="x" * (4 << 20))), "JSON object is larger than 4 MB"),
    "missing key": (lines(event(9, page=None)), "page: Missing data for not-null"),
    "no number": (lines(event(9, sessionId="x")), "session_id: Invalid digit"),
    "fraction": (lines(event(9, ts=1541105830796.5)), "ts: Invalid digit"),
    "invalid UTF-8": (
        lines(event(9)).replace(b"Eres", b"\xe9"),
        "song: String contain",
    ),
    "NUL": (lines(event(9, song="\0")), "song: Invalid null byte"),
}


def test_bad_lines_are_named_or_set_aside_and_counted(
    filled: RedshiftWarehouse,
) -> None:
    paths = {
        filled.put(f"logs/{case}.json", lines(event(5), event(6)) + b"\n\n" + line): why
        for case, (line, why) in BAD_LINES.items()
    }
    first = min(paths)
    for allowed in (0, len(paths) - 1):
        message = filled.refused(max_errors=allowed)
        assert message.startswith(f"{first}, line 4: {paths[first]}")
        assert "; more bad lines than --max-errors allows, nothing was lo" in message
    loaded = filled.load(max_errors=len(paths))
    assert loaded == Loaded(2 + len(paths), 3 + 2 * len(paths), len(paths))
    kept = filled.rows("select path, line, reason, raw from rejected_rows")
    assert {str(row[0]) for row in kept} == set(paths)
    for path, line, reason, raw in kept:
        assert (line, raw) == ("4", None)
        assert str(reason).startswith(paths[str(path)]), path
    counts = filled.rows(
        "select distinct rows_loaded, rows_rejected from loaded_files"
        " where path like '%logs/%' and path not like '%/1.json'"
    )
    assert counts == [("2", "1")]


def test_a_bad_song_is_named(filled: RedshiftWarehouse) -> None:
    path = filled.put("songs/B.json", lines(song("SO2"), song("SO3", year="old")))
    assert filled.refused().startswith(f"{path}, line 2: year: Invalid digit")
    assert filled.load(max_errors=1) == Loaded(3, 4, 1)


BAD_EVENTS: dict[str, dict[str, Any]] = {
    "required key page is missing or empty": {"page": ""},
    "ts must be epoch milliseconds between 2001 and tomorrow: 154": {"ts": 1541105830},
    "ts must be epoch milliseconds between 2001 and tomorrow: 95": {
        "ts": 9541105830796
    },
    "song holds a nested value, not a text": {"song": {"a": 1}},
    "artist holds a nested value, not a text": {"artist": [1]},
    "length must be from 0 to 99999: 123456": {"length": 123456},
    "registration must be from 0 to 253402300799999: ": {"registration": 1e300},
    "level must be free or paid: gold": {"level": "gold"},
    "userId must be a text or a whole number: 39.0": {"userId": 39.0},
}
BAD_SONGS: dict[str, dict[str, Any]] = {
    "required key song_id is missing or empty": {"song_id": " "},
    "required key title is missing or empty": {"title": "\u2003 "},
    "duration must be from 0 to 99999: 100000": {"duration": 100000},
    "year must be from 0 to 9999: 99999999999": {"year": 99999999999},
    "artist_latitude must be from -90 to 90: 12345.6": {"artist_latitude": 12345.6},
    "artist_longitude must be from -180 to 180: 1": {"artist_longitude": 1e300},
}


def test_values_that_copy_takes_but_no_mart_can_hold_stop_the_load(
    filled: RedshiftWarehouse,
) -> None:
    bad = [
        ("events", f"logs/bad{at}.json", reason, lines(event(9) | changes))
        for at, (reason, changes) in enumerate(BAD_EVENTS.items())
    ]
    bad += [
        ("songs", f"songs/bad{at}.json", reason, lines(song("SO9") | changes))
        for at, (reason, changes) in enumerate(BAD_SONGS.items())
    ]
    for source, key, reason, content in bad:
        filled.put(key, content)
        message = filled.refused(max_errors=1000)
        assert message.startswith(f"{source}: {reason}")
        row = "session_id 1 item" if source == "events" else "song_id "
        assert f"(1 bad row(s) in all), such as {row}" in message
        assert (
            "; nothing was loaded: Redshift does not say in which file; `SP" in message
        )
        filled.bucket.delete(key)
    # Texts that only look nested are texts.
    harmless: Any = event(9, song="{Awake}", artist="[unknown]", location="{")
    filled.put_events("fine.json", harmless, event(8, level=""))
    filled.put_songs("fine.json", song("SO1 "), song("\u00a0SO1", artist_id="AR1\t"))
    assert filled.load() == Loaded(4, 7, 0)
    assert filled.rows("select song_id, artist_id from staging_songs") == [
        ("SO1", "AR1")
    ]
    assert filled.value("select count(*) from staging_events where level = ''") == "0"


def test_files_without_a_row_are_noted_and_odd_keys_load(
    filled: RedshiftWarehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = 'it\'s [1] 100%/a+b é//"x";drop table users;--'
    filled.put_events(f"{odd}.json", event(7))
    filled.put("logs/empty.json", b"")
    filled.put("logs/blank.json", b"\n \n")
    filled.put("logs/_SUCCESS", b"")
    assert filled.load() == Loaded(5, 4, 0)
    said = capsys.readouterr().err
    assert "1 ignored: 1 hidden" in said
    assert "logs/blank.json: empty, 0 rows, and 1 more" in said
    found = filled.value("select path from loaded_files where path like '%;%'")
    assert found == f"s3://sparkify-data/logs/{odd}.json"
    assert filled.load() == Loaded(0, 0, 0)
