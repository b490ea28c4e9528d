"""The operator's policy: enough for all commands, and not an action more.

moto checks with real AccessDenied answers. It is told the resource of each call here,
which it does not find out itself; conditions it cannot check, so they are left out and
compared as they are written.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from moto.core.authorization import (
    ActionAuthenticatorMixin,
    disable_iam_authentication,
    enable_iam_authentication,
)
from moto.iam.access_control import IAMRequest
from moto.s3.responses import ACTION_MAP
from support.aws_server import ACCOUNT, REGION, Call, ec2_refusal
from support.cluster_account import PROJECT, STATUS, Account, Done, environment_for

POLICY_FILE = PROJECT / "scripts" / "cluster" / "operator_policy.json"
POLICY = json.loads(POLICY_FILE.read_text())
# What AWS checks on top of the call itself, which no stand-in does.
# Tags that come with a new resource, and a role that is handed over:
# https://docs.aws.amazon.com/service-authorization/latest/reference/
# The password that AWS manages:
# https://docs.aws.amazon.com/redshift/latest/mgmt/redshift-secrets-manager-integration.html
# What Redshift looks at in the VPC, from AWS's own AmazonRedshiftFullAccess.
BEHIND = {
    "ec2:CreateTags",
    "ec2:DescribeAccountAttributes",
    "ec2:DescribeAddresses",
    "ec2:DescribeAvailabilityZones",
    "ec2:DescribeInternetGateways",
    "ec2:DescribeSubnets",
    "iam:CreateServiceLinkedRole",
    "iam:PassRole",
    "iam:TagRole",
    "redshift:CreateClusterSnapshot",
    "redshift:CreateTags",
    "secretsmanager:CreateSecret",
    "secretsmanager:DeleteSecret",
    "secretsmanager:DescribeSecret",
    "secretsmanager:GetRandomPassword",
    "secretsmanager:RotateSecret",
    "secretsmanager:TagResource",
    "secretsmanager:UpdateSecret",
}
# These know no resources, in AWS's own reference.
ON_EVERYTHING = ("ec2:Describe", "redshift:Describe", "sts:", "secretsmanager:Get")
# Not called by us on the way from `up` to `down`: what anybody may call, what dbt
# calls to connect, and what is called only where a subnet group is set.
ELSEWHERE = {
    "sts:GetCallerIdentity",
    "redshift:GetClusterCredentials",
    "redshift:DescribeClusterSubnetGroups",
}
NOTHING = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [{"Effect": "Deny", "Action": "s3:*", "Resource": "*"}],
    }
)
ANYBODY = json.dumps(
    {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
        ],
    }
)


def listed(value: str | list[str]) -> list[str]:
    return [value] if isinstance(value, str) else value


def actions(policy: Any) -> list[str]:
    return [
        action
        for statement in policy["Statement"]
        for action in listed(statement["Action"])
    ]


CALLED = sorted(set(actions(POLICY)) - BEHIND)


def without(action: str) -> Any:
    """The policy less one action, and less the conditions that moto cannot check."""
    statements = [
        {
            "Effect": "Allow",
            "Action": [one for one in listed(item["Action"]) if one != action],
            "Resource": item["Resource"],
        }
        for item in POLICY["Statement"]
    ]
    return {
        "Version": POLICY["Version"],
        "Statement": [item for item in statements if item["Action"]],
    }


def resource_of(call: Call) -> str:
    """The ARN that AWS would check the call against."""
    if call.service == "iam":
        return f"arn:aws:iam::{ACCOUNT}:role/{call.params['RoleName']}"
    place = f"{call.service}:{REGION}:{ACCOUNT}"
    name = call.params.get("ClusterIdentifier")
    if call.action == "GetClusterCredentials":
        return f"arn:aws:{place}:dbuser:{name}/{call.params['DbUser']}"
    if call.service == "redshift" and call.mutating:
        return f"arn:aws:{place}:cluster:{name}"
    if call.service == "ec2" and call.mutating:
        return f"arn:aws:{place}:security-group/{call.params.get('GroupId', 'new')}"
    return "*"


@contextmanager
def operator(account: Account, policy: Any) -> Iterator[None]:
    """Run as a user who has this policy and nothing else; moto checks it."""
    iam = account.server.client("iam")
    iam.create_user(UserName="operator")
    iam.put_user_policy(
        UserName="operator", PolicyName="operator", PolicyDocument=json.dumps(policy)
    )
    key = iam.create_access_key(UserName="operator")["AccessKey"]
    account.environment = environment_for(
        account.server.url, key["AccessKeyId"], key["SecretAccessKey"]
    )

    def check(self: Any, _: str = "*") -> None:
        resource = resource_of(account.server.calls[-1])
        self._authenticate_and_authorize_action(IAMRequest, resource)

    name = "_authenticate_and_authorize_normal_action"
    account.quick = True
    with pytest.MonkeyPatch.context() as patch, enable_iam_authentication():
        patch.setattr(ActionAuthenticatorMixin, name, check)
        patch.setitem(ACTION_MAP["BUCKET"]["HEAD"], "DEFAULT", "ListBucket")
        yield


def everything(account: Account) -> Iterator[Done]:
    """All commands, on an account with something to do for each of their calls."""
    yield account.run("up")
    cluster = account.server.cluster()
    cluster.iam_roles_arn, cluster.node_type, cluster.port = [], "ra3.xlplus", 5440
    with disable_iam_authentication():
        iam, role = account.server.client("iam"), "sparkify-redshift"
        iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=NOTHING)
        arn = iam.create_policy(PolicyName="most", PolicyDocument=NOTHING)["Policy"][
            "Arn"
        ]
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=ANYBODY)
    account.write(cluster={"allow_cidrs": ["198.51.100.0/24"]})
    yield account.run("up")
    yield account.run(*STATUS)
    yield account.run("pause")
    yield account.run("up")
    used = ec2_refusal("DependencyViolation", "resource has a dependent object")
    account.server.answers["ec2:DeleteSecurityGroup"] = lambda _: used
    yield account.run("down", "--yes", "--snapshot", "last", "--timeout", "0.01")
    account.server.answers.clear()
    yield account.run("down", "--yes")


def test_the_policy_is_enough_and_every_action_in_it_is_called(
    account: Account,
) -> None:
    with operator(account, without("none")):
        codes = [done.code for done in everything(account)]
        account.run(*STATUS)
    assert codes == [0, 0, 0, 0, 0, 4, 0]
    called = {str(call) for call in account.every_call + account.server.calls}
    called = called - {"s3:HeadBucket"} | {"s3:ListBucket"}
    assert called | ELSEWHERE == set(CALLED)


def test_nothing_is_granted_twice_or_on_more_than_our_names() -> None:
    assert len(actions(POLICY)) == len(set(actions(POLICY)))
    for statement in POLICY["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in listed(statement["Action"]):
            assert "*" not in action
            for resource in listed(statement["Resource"]):
                if resource == "*":
                    assert action.startswith(ON_EVERYTHING), action
                elif action.startswith(("ec2:", "s3:")):
                    # Ids and buckets have names of their own; the tag tells ours.
                    continue
                else:
                    assert "sparkify*" in resource or "AWSServiceRole" in resource
    by_action = {
        action: statement.get("Condition")
        for statement in POLICY["Statement"]
        for action in listed(statement["Action"])
    }
    tagged = {"StringLike": {"aws:ResourceTag/sparkify-warehouse": "*"}}
    for change in ("Authorize", "Revoke"):
        assert by_action[f"ec2:{change}SecurityGroupIngress"] == tagged
    assert by_action["ec2:DeleteSecurityGroup"] == tagged
    passed = {"StringEquals": {"iam:PassedToService": "redshift.amazonaws.com"}}
    assert by_action["iam:PassRole"] == passed


def test_a_missing_permission_is_named_with_its_call_and_the_policy(
    account: Account,
) -> None:
    with operator(account, without("iam:CreateRole")):
        line = account.refused("up")
    assert account.changes == ["iam:CreateRole"]
    assert "not allowed: iam:CreateRole; " in line
    assert "scripts/cluster/operator_policy.json" in line
    assert account.left() == {}


def test_a_permission_that_is_missing_half_way_leaves_something_to_resume(
    account: Account,
) -> None:
    with operator(account, without("redshift:CreateCluster")):
        line = account.refused("up", code=1)
    assert "not allowed: redshift:CreateCluster" in line
    assert "the same command goes on from there" in line


@pytest.mark.long
@pytest.mark.parametrize("action", sorted(set(CALLED) - ELSEWHERE))
def test_without_any_one_action_some_command_is_refused(
    account: Account, action: str
) -> None:
    refused = []
    with operator(account, without(action)):
        for done in everything(account):
            if "not allowed: " in done.err:
                refused.append(done)
                break
    (done,) = refused
    assert done.code in (1, 3)
    assert f"not allowed: {action}; " in done.err


def test_the_policy_file_fits_into_a_managed_policy() -> None:
    # AWS takes 6,144 characters, white space not counted.
    assert len("".join(Path(POLICY_FILE).read_text().split())) <= 6144
