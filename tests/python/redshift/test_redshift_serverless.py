"""What differs on Serverless: who signs in, waking, and the daily limit.

The driver's own IAM half runs; the socket goes to the stand-in, which has no TLS.
"""

from collections.abc import Iterator
from functools import partial
from typing import Any

import pytest
import redshift_connector
import warehouse as commands
from check.check_run import event, song
from check.checks import FINGERPRINTS
from common.errors import DatabaseError, Refused
from common.settings import Cluster, Settings
from redshift_connector.iam_helper import IamHelper
from support.aws_server import AwsServer
from support.aws_serverless import Serverless
from support.redshift_warehouse import RedshiftWarehouse, denied

LOADER, READER = "IAMR:sparkify-loader", "IAMR:sparkify-reader"
HOST = "sparkify.123456789012.us-west-2.redshift-serverless.amazonaws.com"


@pytest.fixture
def serverless(
    cluster: RedshiftWarehouse, aws_server: AwsServer, monkeypatch: pytest.MonkeyPatch
) -> Iterator[RedshiftWarehouse]:
    """The stand-in as a workgroup, with its users made; one signs in as the loader."""
    cluster.operation("create_users", builder=LOADER, reader=READER)
    aws_server.serverless, aws_server.calls = Serverless(), []
    arn = "arn:aws:redshift-serverless:us-west-2:123456789012:workgroup/1"
    workgroup = {"workgroupName": "sparkify", "workgroupArn": arn, "creationDate": 0}
    workgroup |= {"status": "AVAILABLE", "endpoint": {"address": HOST, "port": 5439}}
    aws_server.serverless.workgroups["us-west-2", "sparkify"] = workgroup
    aws_server.serverless.tags[arn] = {"sparkify-warehouse": "sparkify"}
    real: Any = vars(redshift_connector)["Connection"]

    def connection(**said: Any) -> Any:
        there = {"host": "127.0.0.1", "port": cluster.server.port, "ssl": False}
        return real(**said | there)

    environment = {
        "REDSHIFT_HOST": HOST,
        "REDSHIFT_METHOD": "iam",
        "REDSHIFT_USER": "sparkify_builder",
        "REDSHIFT_SSLMODE": "verify-full",
        "AWS_ENDPOINT_URL_REDSHIFT_SERVERLESS": aws_server.url,
    }
    with monkeypatch.context() as patch:
        patch.setattr(redshift_connector, "Connection", connection)
        for name, value in environment.items():
            patch.setenv(name, value)
        cluster.dbt("parse")
        IamHelper.credentials_cache.clear()
        yield cluster
    cluster.dbt("parse")
    for user in (LOADER, READER):
        name = f'"{user.lower()}"'
        cluster.server.query(f"drop owned by {name} cascade; drop user {name}")


def test_a_role_signs_in_loads_and_its_marts_equal_duckdbs(
    serverless: RedshiftWarehouse,
    aws_server: AwsServer,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    sent = serverless.sent()
    assert f'create user "{LOADER}" password disable;' in sent
    assert f'grant usage on schema "sparkify" to "{READER}";' in sent
    serverless.put_events("1.json", event(1, 0), event(1, 1, level="paid"))
    serverless.put_songs("1.json", song("SO1"))
    dbt = serverless._dbt
    invoke = dbt._invoke

    def closed(*arguments: str, **options: Any) -> Any:
        """An open transaction costs: none is left between dbt's commands."""
        result = invoke(*arguments, **options)
        left = "select count(*) from pg_stat_activity where state ~ 'in transaction'"
        assert serverless.value(left) == "0", arguments
        return result

    monkeypatch.setattr(dbt, "_invoke", closed)
    serverless.load()
    dbt.build(False, dbt.counts())
    found = {
        row["mart"]: row["fingerprint"] for row in dbt.analysis("mart_fingerprints")
    }
    assert {name: found[name] for name in FINGERPRINTS} == FINGERPRINTS
    owners = "select distinct tableowner from pg_tables where schemaname ~ '^sparkify'"
    assert serverless.rows(owners) == [(LOADER.lower(),)]
    (asked,) = {str(call.params) for call in aws_server.calls}
    assert asked == "{'dbName': 'sparkify', 'workgroupName': 'sparkify'}"
    assert not denied(serverless.sent())


def test_waking_may_be_cancelled_and_what_fails_half_way_is_not_repeated(
    serverless: RedshiftWarehouse,
) -> None:
    cancelled = partial(
        serverless.faults.fail, message="Query cancelled.", code="57014"
    )
    for first in ("^select pg_backend_pid", "^select 1 as awake"):
        cancelled(first)
        commands._woken(serverless._dbt)
        assert serverless.faults.struck()
    for _ in range(commands.WAKE_TRIES):
        cancelled("^select 1 as awake")
    with pytest.raises(DatabaseError, match="cancelled"):
        commands._woken(serverless._dbt)
    serverless.put_events("1.json", event(1, 0))
    serverless.put_songs("1.json", song("SO1"))
    cancelled("^copy load_events")
    assert "Query cancelled." in serverless.refused()
    copies = [sql for sql in serverless.sent() if sql.startswith("copy load_events")]
    assert len(copies) == 1
    serverless.faults.fail("^copy load_songs", "Query reached usage limit")
    assert serverless.refused() == (
        "Serverless has used its RPU-hours of the day, so AWS refuses queries until the"
        " next day; raise rpu_hours_a_day in [cluster] of warehouse.toml and run"
        " `warehouse.py up`, then run again (Redshift: Query reached usage limit)"
    )


def test_a_host_of_the_other_kind_is_refused_before_anything_is_made(
    serverless: RedshiftWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    settings = Settings(cluster=Cluster(kind="provisioned"))
    with pytest.raises(Refused, match=f"{HOST} is serverless, .* kind is provisioned"):
        commands.connected(settings, "redshift")
    monkeypatch.setenv("REDSHIFT_HOST", "sparkify.abc.us-west-2.redshift.amazonaws.com")
    monkeypatch.setenv("REDSHIFT_CLUSTER", "sparkify")
    with pytest.raises(Refused, match=r"is provisioned, .* kind is serverless"):
        commands.connected(Settings(), "redshift")
