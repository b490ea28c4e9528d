"""From nothing to a warehouse on Redshift and back to nothing, as README tells it."""

import json
import os
import re
import subprocess
import sys

import pytest
import warehouse as commands
from common.settings import PROJECT
from support.cluster_account import BUCKET, STATUS, Account
from support.cluster_calls import MAKING
from support.helpers import event, lines, song
from support.redshift_warehouse import RedshiftWarehouse

SECRETS = {
    "DBT_ENV_SECRET_REDSHIFT_PASSWORD": "planted-password-4711",
    "AWS_SECRET_ACCESS_KEY": "planted/secret/key/4711",
}
RUN = ("run", "--target", "redshift", "--json")


def test_up_run_status_down_and_no_secret_is_written_anywhere(
    cluster: RedshiftWarehouse,
    account: Account,
    tmp_path_factory: pytest.TempPathFactory,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The cluster is moto's; what answers in its place is the stand-in.

    All of moto in one process is one account: the stand-in reads the very objects that
    the command line lists through the other server.
    """
    s3 = account.server.client("s3")
    s3.put_object(Bucket=BUCKET, Key="log_data/1.json", Body=lines(event(0), event(1)))
    s3.put_object(Bucket=BUCKET, Key="song_data/A.json", Body=lines(song("SO1")))

    exports = dict(re.findall(r"^export (\w+)=(.+)$", account.ok("up").stdout, re.M))
    account.environment |= (
        exports | cluster.server.environment | {"AWS_ENDPOINT_URL": account.server.url}
    )

    # A process with an empty target: dbt parses with the secrets there.
    written = tmp_path_factory.mktemp("written")
    planted = SECRETS | {
        "DBT_TARGET_PATH": str(written / "target"),
        "DBT_LOG_PATH": str(written / "logs"),
        "DBT_LOG_LEVEL_FILE": "debug",
    }
    cluster.faults.fail("^create .*stg_events", "a build that fails tells more")
    failed = subprocess.run(
        [sys.executable, "scripts/warehouse.py", *RUN, "--config", account.config],
        env=os.environ | account.environment | planted,
        cwd=PROJECT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert failed.returncode == 1
    assert "Traceback" not in failed.stderr
    assert "a build that fails tells more" in failed.stderr
    # The plan, JSONPaths and two manifests.
    assert account.changes == [*MAKING["provisioned"], *["s3:PUT"] * 4]
    texts = {"stdout and stderr": (failed.stdout + failed.stderr).encode()}
    for path in written.rglob("*"):
        if path.is_file():
            texts[str(path)] = path.read_bytes()
    assert str(written / "target" / "partial_parse.msgpack") in texts
    assert len(texts) > 20
    assert any(name.endswith("dbt.log") for name in texts)
    for item in s3.list_objects_v2(Bucket="sparkify-work")["Contents"]:
        got = s3.get_object(Bucket="sparkify-work", Key=item["Key"])
        texts[item["Key"]] = got["Body"].read()
    texts["what was sent"] = "\n".join(cluster.sent()).encode()
    found = cluster.rows("select * from sys_load_history")
    texts["what the server has"] = repr(found).encode()
    for secret in SECRETS.values():
        leaks = [name for name, text in texts.items() if secret.encode() in text]
        assert not leaks

    monkeypatch.setattr(commands, "Dbt", lambda target: cluster._dbt)
    ran = json.loads(account.ok(*RUN).stdout)
    assert ran.pop("load")["files"] == 0, "the first run loaded them"
    assert ran["marts"]["songplays"]["rows"] == 2
    assert ran["match"] == {"plays": 2, "matched": 2, "exact": 2}

    seen = json.loads(account.ok(*STATUS, "--json").stdout)
    assert seen["cluster"]["state"] == "available"
    assert seen["load"] == {"files": 2, "rows": 3, "rejected": 0}
    assert {key: seen[key] for key in ran} == ran
    assert [(load["files"], load["rows"]) for load in seen["loads"]] == [(2, 3)]

    account.ok("down", "--yes")
    assert account.left() == {}
