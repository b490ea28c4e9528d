"""Nothing hostile gets into SQL, and nothing secret gets out of the environment."""

import os
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from common.errors import WarehouseError
from load.loading import Loaded
from support.helpers import event, song
from support.redshift_warehouse import RedshiftWarehouse

HOSTILE = (
    *("'", "'; drop table users; --", '"', "a;b", "x\ny", "é", "\\", "a'||'b"),
    *("$$", "{{ 1 }}", "%s", "*/ select 1 /*"),
)
PASSWORD = "planted-password-4711"
SECRET_KEY = "planted/secret/key/4711"


@pytest.mark.parametrize("setting", ["manifests", "region", "role"])
def test_a_hostile_setting_is_refused_before_anything_is_sent(
    cluster: RedshiftWarehouse, setting: str
) -> None:
    cluster.put_events("1.json", event(0))
    cluster.put_songs("A.json", song("SO1"))
    good: str = getattr(cluster.data, setting)
    for text in HOSTILE:
        change: dict[str, Any] = {setting: good + text}
        data = replace(cluster.data, **change)
        with pytest.raises(WarehouseError) as error:
            cluster.load(data)
        assert "\n" not in str(error.value)
        assert not cluster.sent(), text
        assert not cluster.manifests.contents, text


def test_a_hostile_bucket_is_no_bucket_and_hostile_keys_are_only_text(
    cluster: RedshiftWarehouse,
) -> None:
    for text in HOSTILE:
        data = replace(cluster.data, events=f"s3://spark{text}ify/logs")
        with pytest.raises(WarehouseError, match="is not an S3 address"):
            cluster.load(data)
    assert not cluster.sent()
    key = "/".join(text for text in HOSTILE if "\n" not in text)
    cluster.put(f"{key}/logs/{key}.json", b"")
    for name in ("events", "songs"):
        make = cluster.put_events if name == "events" else cluster.put_songs
        make(f"{key}.json", event(0) if name == "events" else song("SO1"))
    assert cluster.load() == Loaded(2, 2, 0)
    assert {path for (path,) in cluster.rows("select path from loaded_files")} == {
        f"s3://sparkify-data/{folder}/{key}.json" for folder in ("logs", "songs")
    }
    hostile = replace(cluster.data, events=f"s3://sparkify-data/{key}/logs")
    assert cluster.load(hostile) == Loaded(1, 0, 0)
    assert not [sql for sql in cluster.sent() if "drop table users" in sql]


def test_no_secret_is_written_anywhere(
    cluster: RedshiftWarehouse, tmp_path: Path
) -> None:
    cluster.put_events("1.json", event(0))
    cluster.put_songs("A.json", song("SO1"))
    planted = {
        "DBT_ENV_SECRET_REDSHIFT_PASSWORD": PASSWORD,
        "AWS_SECRET_ACCESS_KEY": SECRET_KEY,
        "DBT_TARGET_PATH": str(tmp_path / "target"),
        "DBT_LOG_PATH": str(tmp_path / "logs"),
        "DBT_LOG_LEVEL_FILE": "debug",
    }
    # The other command has another port, so that it parses with the secrets there.
    (tmp_path / "target").mkdir()
    parsed = Path(os.environ["DBT_TARGET_PATH"]) / "partial_parse.msgpack"
    shutil.copy(parsed, tmp_path / "target")
    cluster.faults.fail("^create .*user_levels__dbt", "a build that fails tells more")
    done = [
        cluster.command("run", **planted),
        cluster.command("run", REDSHIFT_PORT="1", **planted),
    ]
    assert [process.returncode for process in done] == [1, 1]
    texts = {"stdout and stderr": "".join(p.stdout + p.stderr for p in done).encode()}
    for path in tmp_path.rglob("*"):
        if path.is_file():
            texts[str(path)] = path.read_bytes()
    parsed_again = texts[str(tmp_path / "target" / parsed.name)]
    assert parsed_again != parsed.read_bytes()
    assert len(texts) > 20
    assert any(name.endswith("dbt.log") for name in texts)
    texts |= cluster.manifests.contents
    texts["what was sent"] = "\n".join(cluster.sent()).encode()
    found = cluster.rows("select * from sys_load_history")
    texts["what the server knows"] = repr(found).encode()
    for secret in (PASSWORD, SECRET_KEY):
        leaks = [name for name, text in texts.items() if secret.encode() in text]
        assert not leaks
