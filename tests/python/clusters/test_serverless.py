"""Serverless from `up` to `down`; `support.aws_serverless` answers for AWS."""

import json
import re

import pytest
from cluster.status import require_usable
from common.errors import Refused
from support.aws_server import ELSEWHERE, Call
from support.aws_serverless import error
from support.cluster_account import ROLE, STATUS, Account
from support.serverless_account import (
    HERE,
    MAKING,
    REMOVING,
    RESTORING,
    differing,
    kept,
)


def test_a_life_from_up_to_down_and_back(serverless: Account) -> None:
    serverless.server.serverless.slow = 1
    made = serverless.ok("up")
    assert serverless.changes == MAKING
    serverless.assert_complete()
    _, most, hour, stored = made.err.splitlines()[:4]
    assert "at most about $6.00 a day: 16 RPU-hours at $0.375 (May 2026)" in most
    assert "then AWS turns queries off until the next day" in most
    assert "about $3.00 an hour of work at 8 RPU" in hour
    assert "$0.40 a month for the secret" in stored
    host = "sparkify.123456789012.us-west-2.redshift-serverless.amazonaws.com"
    assert made.out.splitlines() == [
        "unset REDSHIFT_CLUSTER",
        f"export REDSHIFT_HOST={host}",
        "export REDSHIFT_PORT=5439",
        "export REDSHIFT_DATABASE=sparkify",
        "export REDSHIFT_METHOD=iam",
        "export REDSHIFT_REGION=us-west-2",
    ]
    assert f"usable: {host}:5439/sparkify" in made.err
    role = serverless.server.client("iam").get_role(RoleName=ROLE)["Role"]
    (trust,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert trust["Principal"]["Service"] == [
        "redshift.amazonaws.com",
        "redshift-serverless.amazonaws.com",
    ]
    again = serverless.ok("up")
    assert serverless.changes == []
    assert again.out == made.out
    assert serverless.ok("up", "--dry-run").out == "nothing to change\n"

    told = serverless.ok("pause", "--json")
    assert json.loads(told.out)["cluster"]["state"] == "idle"
    assert "Serverless costs nothing while idle" in serverless.ok("pause").out
    status = json.loads(serverless.ok(*STATUS, "--json").out)["cluster"]
    assert (status["rpu"], status["rpu_max"], status["rpu_hours_a_day"]) == (8, 8, 16)
    assert (status["dollars_a_day"], status["drift"]) == (6.0, [])
    shown = serverless.ok(*STATUS).out
    assert "rpu max          8\nrpu hours a day  16\n" in shown
    assert "dollars a day    6.0\n" in shown

    removed = serverless.ok("down", "--yes", "--snapshot", "last")
    assert serverless.changes == REMOVING
    assert "snapshot last is kept" in removed.out
    assert serverless.left() == {"snapshots": ["last"]}
    serverless.ok("up", "--snapshot", "last")
    assert serverless.changes == RESTORING
    assert serverless.server.serverless.restored == {HERE: "last"}
    serverless.assert_complete()
    assert serverless.ok("up").err.count("nothing to change") == 1
    assert "workgroup sparkify exists" in serverless.refused("up", "--snapshot", "last")
    refused = serverless.refused("down", "--yes", "--snapshot", "last")
    assert "there is a snapshot last already" in refused
    serverless.assert_complete()


def test_what_differs_is_repaired_one_request_for_each(serverless: Account) -> None:
    differing(serverless)
    there = serverless.server.serverless
    drift = json.loads(serverless.ok(*STATUS, "--json").out)["cluster"]["drift"]
    assert drift == [
        "~ limit of 16 RPU-hours a day, then no queries",
        *(line for line in drift if "securityGroupIds  becomes sg-" in line),
        "~ workgroup sparkify: port 5440 becomes 5439",
        "~ workgroup sparkify: baseCapacity 16 becomes 8",
        "~ workgroup sparkify: maxCapacity -1 becomes 8",
        f"~ namespace sparkify: role arn:aws:iam::123456789012:role/{ROLE}",
    ]
    there.slow = 1
    serverless.ok("up")
    assert serverless.changes == [
        "redshift-serverless:UpdateUsageLimit",
        *["redshift-serverless:UpdateWorkgroup"] * 4,
        "redshift-serverless:UpdateNamespace",
    ]
    serverless.assert_complete()
    assert there.workgroups[HERE]["maxCapacity"] == 8
    serverless.ok("up")
    assert serverless.changes == []
    # Another period cannot be changed; what only tells somebody is left alone.
    (limit,) = there.limits.values()
    there.limits["more"] = limit | {"breachAction": "log", "usageLimitId": "more"}
    limit["period"] = "monthly"
    serverless.ok("up")
    assert serverless.changes == [
        "redshift-serverless:DeleteUsageLimit",
        "redshift-serverless:CreateUsageLimit",
    ]
    assert len(there.limits) == 2
    there.namespaces[HERE]["dbName"] = "other"
    assert "! namespace sparkify: database is other" in serverless.ok("up").err


def test_nothing_is_left_in_two_regions(serverless: Account) -> None:
    for region in ("us-west-2", ELSEWHERE):
        serverless.write(cluster={"region": region})
        serverless.ok("up")
    here = serverless.left()
    serverless.ok("down", "--yes")
    assert (serverless.left(ELSEWHERE), serverless.left()) == ({}, here)
    serverless.write()
    serverless.ok("down", "--yes")
    assert (serverless.left(ELSEWHERE), serverless.left()) == ({}, {})


@pytest.mark.parametrize("failing", [*MAKING, "redshift-serverless:ListUsageLimits"])
def test_no_call_that_fails_ends_usable_without_the_limit(
    serverless: Account, failing: str
) -> None:
    serverless.server.answers[failing] = lambda call: (
        error("ValidationException", "no")
        if call.service == "redshift-serverless"
        else (
            400,
            "<Response><Errors><Error><Code>No</Code></Error></Errors></Response>",
        )
    )
    done = serverless.run("up")
    assert done.code == 1
    assert "usable: " not in done.err
    assert done.out == ""
    if failing.endswith("CreateUsageLimit"):
        last = done.err.splitlines()[-1]
        assert (
            "not usable, because its daily limit is not in place: AWS refused" in last
        )
        found = " ".join(serverless.ok(*STATUS).out.split())
        assert "dollars a day" not in found
        assert (
            "sparkify is available, but without a daily limit; `up` makes it usable"
            in found
        )
    serverless.server.answers.clear()
    serverless.ok("up")
    serverless.assert_complete()


def test_what_is_not_ours_is_never_touched(serverless: Account) -> None:
    theirs = {"namespaceName": "sparkify", "adminUsername": "them"}
    serverless.ok("down", "--yes")
    serverless.server.serverless.answer(
        serverless.server,
        Call("redshift-serverless", "CreateNamespace", json.dumps(theirs)),
    )
    for command in (("up",), ("down", "--yes"), ("pause",), STATUS):
        assert "namespace sparkify exists and is not ours" in serverless.refused(
            *command
        )
        assert serverless.changes == []
    there = serverless.server.serverless
    there.namespaces.clear()
    serverless.ok("up")
    there.tags[there.workgroups[HERE]["workgroupArn"]] = {}
    refused = serverless.refused("down", "--yes")
    assert "workgroup sparkify exists and is not ours" in refused
    with serverless.environment_here(), pytest.raises(Refused, match="is not ours"):
        require_usable(serverless.settings())


@pytest.mark.parametrize("kind", ["provisioned", "serverless"])
def test_nothing_changes_kind_in_silence(account: Account, kind: str) -> None:
    other = {"provisioned": "serverless", "serverless": "provisioned"}[kind]
    account.kind = kind
    account.write()
    account.ok("up")
    account.write(cluster={"kind": other})
    for command in (("up",), ("down", "--yes"), ("pause",), STATUS):
        refused = account.refused(*command)
        assert (
            f'exists in us-west-2 and is {kind}, but [cluster] kind is "{other}"'
            in refused
        )
        assert account.changes == []
    account.write()
    account.ok("up")
    assert account.changes == []
    # Under another name both may live, and each names the other.
    account.write(cluster={"kind": other, "name": "sparkify-new"})
    assert re.search("others +sparkify has our tag", account.ok(*STATUS).out)


def test_a_snapshot_of_a_cluster_is_restored_into_a_namespace(account: Account) -> None:
    account.ok("up")
    account.ok("down", "--yes", "--snapshot", "last")
    account.kind = "serverless"
    account.write()
    account.ok("up", "--snapshot", "last")
    arn = "arn:aws:redshift:us-west-2:123456789012:snapshot:sparkify/last"
    assert account.server.serverless.restored == {HERE: arn}


def test_a_namespace_that_has_data_is_never_restored_over(serverless: Account) -> None:
    kept(serverless)
    serverless.ok("up")
    there = serverless.server.serverless
    # `down` was killed after it asked AWS to remove the workgroup.
    there.limits.clear()
    there.workgroups[HERE] |= {"status": "DELETING", "looks": 6}
    line = serverless.refused("up", "--snapshot", "last")
    assert "workgroup sparkify exists, so snapshot last cannot be restored" in line
    assert serverless.changes == []
    serverless.ok("up")
    assert serverless.changes == MAKING[-2:]
    assert there.restored == {}
    serverless.assert_complete()
