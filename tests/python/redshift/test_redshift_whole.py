"""From nothing to a warehouse on Redshift and back to nothing, as README tells it."""

import json
import os
import re
import shlex

from support.cluster_account import BUCKET, STATUS, Account
from support.cluster_calls import MAKING
from support.helpers import COMMAND, NONE_REPLACED, event, finished, lines, song
from support.redshift_warehouse import RedshiftWarehouse


def test_up_run_status_down(cluster: RedshiftWarehouse, account: Account) -> None:
    """The cluster is moto's; what answers in its place is the stand-in.

    All of moto in one process is one account: the stand-in reads the very objects that
    the command line lists through the other server.
    """
    s3 = account.server.client("s3")
    s3.put_object(Bucket=BUCKET, Key="log_data/1.json", Body=lines(event(0), event(1)))
    s3.put_object(Bucket=BUCKET, Key="song_data/A.json", Body=lines(song("SO1")))

    up = shlex.join(map(str, (*COMMAND, "up", "--config", account.config)))
    line = f'vars=$({up}) && eval "$vars" && env'  # as docs/redshift.md has it
    shell = finished(cluster.popen("/bin/sh", "-c", line, **account.environment))
    exports = dict(re.findall(r"^(REDSHIFT_\w+)=(.+)$", shell.stdout, re.MULTILINE))
    names = ("DBT_PROFILES_DIR", "DBT_TARGET_PATH", "DBT_LOG_PATH")
    account.environment |= (
        exports
        | {name: os.environ[name] for name in names}
        | cluster.server.environment
        | {"AWS_ENDPOINT_URL": account.server.url}
    )

    run = ("run", "--target", "redshift", "--json", "--config", account.config)
    done = finished(cluster.popen(*COMMAND, *run, **account.environment))
    assert done.returncode == 0, done.stderr
    ran = json.loads(done.stdout)
    counts = {"files": 2, "rows": 3, "rejected": 0}
    assert ran.pop("load") == counts | NONE_REPLACED
    assert ran["marts"]["songplays"]["rows"] == 2
    assert ran["match"] == {"plays": 2, "matched": 2, "exact": 2}
    # The plan, JSONPaths and two manifests.
    assert account.changes == [*MAKING["provisioned"], *["s3:PUT"] * 4]

    seen = json.loads(account.ok(*STATUS, "--json").stdout)
    assert seen["cluster"]["state"] == "available"
    assert seen["load"] == counts
    assert {key: seen[key] for key in ran} == ran
    assert [(load["files"], load["rows"]) for load in seen["loads"]] == [(2, 3)]

    account.ok("down", "--yes")
    assert account.left() == {}
