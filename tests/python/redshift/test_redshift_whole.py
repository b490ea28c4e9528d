"""From nothing to a warehouse on Redshift and back to nothing, as README tells it."""

import json
import os
import re
import shlex
import subprocess
from typing import Any

import pytest
from common.settings import PROJECT
from support.cluster_account import BUCKET, STATUS, Account
from support.cluster_calls import MAKING
from support.helpers import COMMAND, event, finished, lines, song
from support.redshift_warehouse import RedshiftWarehouse

SECRETS = {
    "DBT_ENV_SECRET_REDSHIFT_PASSWORD": "planted-password-4711",
    "AWS_SECRET_ACCESS_KEY": "planted/secret/key/4711",
}
RUN = ("run", "--target", "redshift", "--json")


def started(words: list[Any], environment: dict[str, str]) -> subprocess.Popen[str]:
    """A program of its own, in the project."""
    pipe = subprocess.PIPE
    usual: dict[str, Any] = {"stdout": pipe, "stderr": pipe, "text": True}
    return subprocess.Popen(words, cwd=PROJECT, env=os.environ | environment, **usual)


def test_up_run_status_down_and_no_secret_is_written_anywhere(
    cluster: RedshiftWarehouse,
    account: Account,
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    """The cluster is moto's; what answers in its place is the stand-in.

    All of moto in one process is one account: the stand-in reads the very objects that
    the command line lists through the other server.
    """
    s3 = account.server.client("s3")
    s3.put_object(Bucket=BUCKET, Key="log_data/1.json", Body=lines(event(0), event(1)))
    s3.put_object(Bucket=BUCKET, Key="song_data/A.json", Body=lines(song("SO1")))

    up = shlex.join(map(str, (*COMMAND, "up", "--config", account.config)))
    line = f'vars=$({up}) && eval "$vars" && env'  # as docs/redshift.md has it
    shell = finished(started(["/bin/sh", "-c", line], account.environment))
    exports = dict(re.findall(r"^(REDSHIFT_\w+)=(.+)$", shell.stdout, re.MULTILINE))
    names = ("DBT_PROFILES_DIR", "DBT_TARGET_PATH", "DBT_LOG_PATH")
    account.environment |= (
        exports
        | {name: os.environ[name] for name in names}
        | cluster.server.environment
        | {"AWS_ENDPOINT_URL": account.server.url}
    )

    # A process with an empty target: dbt parses with the secrets there.
    written = tmp_path_factory.mktemp("written")
    planted = SECRETS | {
        "DBT_TARGET_PATH": str(written / "target"),
        "DBT_LOG_PATH": str(written / "logs"),
        "DBT_LOG_LEVEL_FILE": "debug",
    }
    cluster.faults.fail("^create .*user_levels__dbt", "a build that fails tells more")
    words = [*COMMAND, *RUN, "--config", account.config]
    failed = finished(started(words, account.environment | planted))
    assert failed.returncode == 1
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
