"""What goes wrong in a load into Redshift ends it in a line that says what to do."""

from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from common.errors import WarehouseError
from common.settings import Data
from dbt_project.profile import profile_path
from load.loading import Loaded
from redshift_connector.core import Connection
from support.buckets import Objects, user_who_may
from support.helpers import event, lines, song
from support.redshift_warehouse import RedshiftWarehouse

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
    data = replace(filled.data, role=ROLE)
    filled.faults.fail("^copy", f"Not authorized to get credentials of role {ROLE}")
    assert "run `warehouse.py up`" in filled.refused(data)
    iam = filled.server.client("iam")
    iam.create_role(RoleName="nobody", AssumeRolePolicyDocument="{}")
    assert filled.load(data) == Loaded(2, 3, 0)


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


def test_what_is_gone_while_it_loads_is_named_and_no_loss(
    filled: RedshiftWarehouse,
) -> None:
    def clear(ending: str) -> None:
        for key in list(filled.manifests.contents):
            if key.endswith(ending):
                filled.manifests.delete(key)

    for ending in ("events.jsonpaths", "songs.plain.manifest"):
        filled.faults.meanwhile("^copy load_events", partial(clear, ending))
        assert filled.refused().startswith(
            f"an object under {filled.data.events}, {filled.data.songs} or"
            f" {filled.data.manifests} is gone since the load listed or wrote it; run"
        )
    filled.put_events("2.json", event(2))
    filled.faults.meanwhile(
        "^copy load_events", lambda: filled.bucket.delete("logs/2.json")
    )
    message = filled.refused()
    assert " is gone since the load listed or wrote it; run again (" in message
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


HOSTILE = (
    *("'", "'; drop table users; --", '"', "a;b", "x\ny", "é", "\\", "a'||'b"),
    *("$$", "{{ 1 }}", "%s", "*/ select 1 /*"),
)
SETTINGS: list[tuple[dict[str, Any], str]] = [
    ({"manifests": ""}, "set manifests in [data] of warehouse.toml to an s3://"),
    ({"events": "/logs"}, "events: /logs is a folder, and Redshift reads S3 only"),
    ({"songs": "s3://x"}, '"s3://x" is not an S3 address'),
    *(({"events": f"s3://spark{text}y/l"}, "is not an S3 address") for text in HOSTILE),
    *(({"manifests": f"s3://sparkify-manifests/m{text}"}, "") for text in HOSTILE),
    *(({"region": f"us-west-2{text}"}, "") for text in HOSTILE),
    *(({"role": f"default{text}"}, "") for text in HOSTILE),
]
PROFILE = {
    "retries: 2": "set it to 1",
    "retry_all: true": "set it to false",
    "autocommit: false": "set it to true",
    "connect_timeout: 30": "remove the line",
}


def test_settings_and_profiles_that_break_a_promise_are_named_before_anything_is_sent(
    filled: RedshiftWarehouse, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(data: Data) -> str:
        with pytest.raises(WarehouseError) as error:
            filled.load(data)
        message = str(error.value)
        assert "\n" not in message
        assert not filled.sent(), data
        assert not filled.manifests.contents, data
        return message

    for changes, reason in SETTINGS:
        assert reason in refused(replace(filled.data, **changes))
    kept = profile_path().read_text(encoding="utf-8").splitlines()
    path = tmp_path / "profiles.yml"
    monkeypatch.setattr(filled._dbt, "profile_path", path)
    for line, wanted in PROFILE.items():
        key = line.split(":", maxsplit=1)[0]
        written = [text for text in kept if not text.strip().startswith(f"{key}:")]
        written.append(f"      {line}")
        path.write_text("\n".join(written), encoding="utf-8")
        message = refused(filled.data)
        assert message.startswith(f"{path}: {line}: ")
        assert message.endswith(wanted)


def test_a_silent_connection_is_kept_alive_and_none_at_all_is_named(
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
    for name, value, reason in (
        ("REDSHIFT_PORT", "1", "127.0.0.1, port 1, is not found or does not answer"),
        ("REDSHIFT_HOST", "no-host.invalid", "no-host.invalid, port "),
    ):
        with monkeypatch.context() as patch:
            patch.setenv(name, value)
            assert filled.refused().startswith(reason)


# What is wrong with the data

# Each is a fourth line; test_standin_copy.py has all that COPY says.
BAD_LINES: dict[str, tuple[bytes, str]] = {
    "malformed": (b'{"a": ', "Invalid JSON object"),
    "over-long text": (lines(event(9, song="é" * 513)), "song: String length exceeds"),
    "missing key": (lines(event(9, page=None)), "page: Missing data for not-null"),
    "no number": (lines(event(9, sessionId="x")), "session_id: Invalid digit"),
}
BAD_SONG = lines(song("SO3", year="old"))


def test_bad_lines_are_named_or_set_aside_and_counted(
    filled: RedshiftWarehouse,
) -> None:
    paths = {
        filled.put(f"logs/{case}.json", lines(event(5), event(6)) + b"\n\n" + line): why
        for case, (line, why) in BAD_LINES.items()
    }
    bad = filled.put("songs/B.json", lines(song("SO2")) + b"\n\n\n" + BAD_SONG)
    paths[bad] = "year: Invalid digit"
    first = min(paths)
    number = len(paths)
    message = filled.refused()
    assert message.startswith(f"{first}, line 4: {paths[first]}")
    assert "; more bad lines than --max-errors allows, nothing was lo" in message
    message = filled.refused(max_errors=number - 1)  # over all COPYs together
    assert message.startswith(f"{first}, line 4: {paths[first]}")
    assert f"; {number} bad line(s) in all, {number - 1} allowed, nothing " in message
    limits = {sql.split("maxerror ")[1] for sql in filled.sent() if "maxerror" in sql}
    assert limits == {"1;", f"{number};"}
    loaded = filled.load(max_errors=number)
    assert loaded == Loaded(2 + number, 2 + 2 * number, number)
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


def test_files_without_a_row_are_noted_and_hostile_keys_are_only_text(
    filled: RedshiftWarehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    odd = "/".join([*(text for text in HOSTILE if "\n" not in text), "[1] 100%", "a+b"])
    filled.put_events(f"{odd}.json", event(7))
    filled.put_songs(f"{odd}.json", song("SO2", title="Otra"))
    filled.put("logs/empty.json", b"")
    filled.put("logs/blank.json", b"\n \n")
    filled.put("logs/_SUCCESS", b"")
    assert filled.load() == Loaded(6, 5, 0)
    said = capsys.readouterr().err
    assert "1 ignored: 1 hidden" in said
    assert "logs/blank.json: empty, 0 rows, and 1 more" in said
    found = filled.rows("select path from loaded_files where path like '%drop table%'")
    assert {path for (path,) in found} == {
        f"s3://sparkify-data/{folder}/{odd}.json" for folder in ("logs", "songs")
    }
    assert filled.load() == Loaded(0, 0, 0)
    filled.put(f"{odd}/logs/1.json", b"")
    hostile = replace(filled.data, events=f"s3://sparkify-data/{odd}/logs")
    assert filled.load(hostile) == Loaded(1, 0, 0)
    assert not [sql for sql in filled.sent() if "drop table users" in sql]
