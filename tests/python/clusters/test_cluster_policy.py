"""The policies: enough for all commands, and not an action more.

moto knows no conditions, so `support.iam_logic` decides on the requests.
"""

import json
import re
from functools import partial
from typing import Any

import pytest
import redshift_connector
from botocore.exceptions import ClientError
from load.files import Listed
from load.manifests import write_plan
from load.s3 import list_prefix
from support.aws_server import REGION
from support.cluster_account import BUCKET, STATUS, Account
from support.cluster_calls import RESTORING
from support.iam_logic import (
    FOLDER,
    LOADER,
    OPERATOR,
    RESTORER,
    listed,
)

# What AWS checks on top of the call itself, which no stand-in does.
# The password that AWS manages:
# https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html
# What Redshift looks at in the VPC, from AWS's own AmazonRedshiftFullAccess.
BEHIND = {
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeSubnets",
    "iam:CreateServiceLinkedRole",
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetRandomPassword",
    "secretsmanager:RotateSecret",
    "secretsmanager:TagResource",
    "secretsmanager:UpdateSecret",
}
# These know no resources, in AWS's own reference.
ON_EVERYTHING = (
    *("ec2:Describe", "redshift:Describe", "sts:", "secretsmanager:Get"),
    *("redshift:CreateScheduled", "redshift:DeleteScheduled"),
    *("redshift:ModifyScheduled", "redshift-serverless:List"),
    *(f"redshift-serverless:{one}UsageLimit" for one in ("Create", "Delete", "Update")),
)
SUBNETS = "redshift:DescribeClusterSubnetGroups"  # only where a subnet group is set
RESTORE = "redshift-serverless:RestoreFromSnapshot"


def actions(policy: Any, of_serverless: bool) -> set[str]:
    return {
        action
        for statement in policy["Statement"]
        for action in listed(statement["Action"])
        if ("-serverless:" in action) == of_serverless
    }


# `tagged` looks at both kinds.
LOOKS = {"redshift-serverless:ListNamespaces", "redshift-serverless:ListWorkgroups"}
CALLED = (actions(OPERATOR, False) | LOOKS) - BEHIND - {SUBNETS}


def test_the_policy_is_enough_and_every_action_is_called(account: Account) -> None:
    asked = account.may(OPERATOR)
    account.ok("up")
    account.differ()
    for command in (["up"], STATUS, ["pause"], ["up"]):
        account.ok(*command)
    account.ok("down", "--yes", "--snapshot", "last")
    account.ok("up", "--snapshot", "last")
    account.server.cluster().tags = []  # killed before it got its tag
    account.ok("down", "--yes")
    assert {check.action for check in asked} == CALLED


def test_the_policies_are_enough_for_serverless_and_every_action_is_called(
    serverless: Account,
) -> None:
    asked = serverless.may(OPERATOR)
    serverless.ok("up")
    serverless.differ()
    for command in (["up"], STATUS, ["down", "--yes", "--snapshot", "last"]):
        serverless.ok(*command)
    # Only an administrator restores, and the namespace says what is still to be done.
    line = serverless.refused("up", "--snapshot", "last", code=1)
    assert f"not allowed: {RESTORE}; scripts/cluster/restore_policy.json has" in line
    assert "the same command goes on from there" in line
    both = {"Statement": OPERATOR["Statement"] + RESTORER["Statement"]}
    restored = serverless.may(both)
    serverless.ok("up")
    assert serverless.changes == RESTORING["serverless"][-2:]
    loads = serverless.may(LOADER)
    assert serverless.not_usable() == ""
    serverless.client("redshift-serverless").get_credentials(workgroupName="sparkify")
    for policy, part in ((OPERATOR, asked + restored), (LOADER, loads)):
        called = {one.action for one in part if "-serverless:" in one.action}
        assert called - {RESTORE} == actions(policy, True)


def test_the_loaders_policy_is_enough_for_a_run_and_has_no_action_more(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    host = re.search("REDSHIFT_HOST=(.+)", account.ok("up").stdout)
    assert host
    settings, asked = account.settings(), account.may(LOADER)
    assert account.not_usable() == ""
    with account.environment_here():
        s3 = account.client("s3")
        list_prefix(s3, "events", settings.data.events)
        list_prefix(s3, "songs", settings.data.songs)
        file = Listed("events", f"s3://{BUCKET}/log_data/1.json", 2, etag="x")
        write_plan(s3, settings.data, [file], ["ts"])
        s3.get_object(Bucket=BUCKET, Key="log_data/1.json")
    # The driver connects as dbt lets it.
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    used: dict[str, Any] = {}
    monkeypatch.setattr(redshift_connector, "Connection", used.update)
    connect = partial(
        redshift_connector.connect,
        iam=True,
        host=host[1],
        port=5439,
        database="sparkify",
        region=REGION,
        cluster_identifier="sparkify",
    )
    connect(db_user="sparkify_builder")
    assert used["user"] == "IAM:sparkify_builder"
    assert {check.action for check in asked} == actions(LOADER, False)
    with pytest.raises(ClientError, match="not authorized"):
        connect(db_user="awsuser")


def test_nothing_is_granted_twice_or_on_more_than_our_names() -> None:
    shipped = json.loads((FOLDER / "operator_policy.json").read_text())
    granted = [
        (action, resource, statement["Effect"])
        for statement in shipped["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]
    assert len(set(granted)) == len(granted)
    for action, resource, effect in granted:
        assert (effect, "*" in action) == ("Allow", False)
        if resource == "*":
            assert action.startswith(ON_EVERYTHING), action
        # Ids and buckets have names of their own; the tag limits them to ours.
        elif not action.startswith(("ec2:", "s3:", "redshift-serverless:")):
            assert "sparkify*" in resource or "AWSServiceRole" in resource
    # AWS takes 6,144 characters, white space not counted.
    for path in FOLDER.glob("*_policy.json"):
        assert len("".join(path.read_text().split())) <= 6144
