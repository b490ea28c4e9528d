"""The policies: enough for all commands, not an action more, and no way to escalate.

moto decides with real AccessDenied answers which actions and resources it takes. What
conditions decide, it does not know: `support.iam_logic` does, on recorded requests.
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import pytest
from cluster.status import require_usable
from load.files import Listed
from load.manifests import write_plan
from load.s3 import list_prefix
from moto.core.authorization import (
    ActionAuthenticatorMixin,
    disable_iam_authentication,
    enable_iam_authentication,
)
from moto.iam.access_control import IAMRequest
from moto.s3.responses import ACTION_MAP
from support.aws_server import ACCOUNT, REGION, ec2_refusal
from support.cluster_account import (
    BUCKET,
    ROLE,
    STATUS,
    Account,
    Done,
    environment_for,
)
from support.iam_logic import (
    ANYBODY,
    FOLDER,
    LOADER,
    NOTHING,
    OPERATOR,
    Check,
    allows,
    checks,
    listed,
)

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
# Not refused on the way from `up` to `down`: what anybody may call, and what is called
# only where a subnet group is set.
NOT_REFUSED = {"sts:GetCallerIdentity", "redshift:DescribeClusterSubnetGroups"}


def actions(policy: Any) -> list[str]:
    return [
        action
        for statement in policy["Statement"]
        for action in listed(statement["Action"])
    ]


# What is called of Serverless, too, to see that it has nothing of our name.
LOOKS = {"redshift-serverless:ListNamespaces", "redshift-serverless:ListWorkgroups"}
SERVERLESS = {one for one in actions(OPERATOR) if "-serverless:" in one} - LOOKS
CALLED = sorted(set(actions(OPERATOR)) - BEHIND - SERVERLESS)


def without(action: str, policy: Any = OPERATOR) -> Any:
    """The policy less one action, and less the conditions that moto cannot check."""
    statements = [
        {
            "Effect": "Allow",
            "Action": [one for one in listed(item["Action"]) if one != action],
            "Resource": item["Resource"],
        }
        for item in policy["Statement"]
    ]
    return {
        "Version": policy["Version"],
        "Statement": [item for item in statements if item["Action"]],
    }


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
        resource = next(checks(account.server.calls[-1])).resource
        self._authenticate_and_authorize_action(IAMRequest, resource)

    there = account.server.serverless
    account.server.permits = lambda call: allows(policy, next(checks(call, there)))
    name = "_authenticate_and_authorize_normal_action"
    with pytest.MonkeyPatch.context() as patch, enable_iam_authentication():
        patch.setattr(ActionAuthenticatorMixin, name, check)
        patch.setitem(ACTION_MAP["BUCKET"]["HEAD"], "DEFAULT", "ListBucket")
        yield


def everything(account: Account) -> Iterator[Done]:
    """All commands, on an account with something to do for each of their calls."""
    yield account.run("up")
    cluster = account.server.cluster()
    cluster.iam_roles_arn, cluster.vpc_security_group_ids = [], []
    with disable_iam_authentication():
        iam, role = account.server.client("iam"), ROLE
        iam.put_role_policy(RoleName=role, PolicyName="more", PolicyDocument=NOTHING)
        arn = iam.create_policy(PolicyName="most", PolicyDocument=NOTHING)["Policy"][
            "Arn"
        ]
        iam.attach_role_policy(RoleName=role, PolicyArn=arn)
        iam.update_assume_role_policy(RoleName=role, PolicyDocument=ANYBODY)
    account.write(cluster={"allow_cidrs": ["198.51.100.0/24"], "pause_at": "06:00"})
    yield account.run("up")
    yield account.run(*STATUS)
    yield account.run("pause")
    yield account.run("up")
    used = ec2_refusal("DependencyViolation", "resource has a dependent object")
    account.server.answers["ec2:DeleteSecurityGroup"] = lambda _: used
    yield account.run("down", "--yes", "--snapshot", "last", "--timeout", "0.01")
    account.server.answers.clear()
    yield account.run("up", "--snapshot", "last")
    yield account.run("down", "--yes")


def test_the_policy_is_enough_with_its_conditions_and_every_action_is_called(
    account: Account,
) -> None:
    asked = account.watched()
    with operator(account, without("none")):
        codes = [done.code for done in everything(account)]
        account.ok("up")
        account.server.cluster().tags = []  # a restored cluster that has no tag yet
        account.ok("down", "--yes")
    assert codes == [0, 0, 0, 0, 0, 4, 0, 0]
    called = {
        next(checks(call)).action for call in account.every_call + account.server.calls
    }
    assert called | NOT_REFUSED == set(CALLED)
    assert not {check.action for check in asked if not allows(OPERATOR, check)}
    conditions = {
        action
        for statement in OPERATOR["Statement"]
        for action in listed(statement["Action"])
        if "Condition" in statement
    }
    beyond = conditions - SERVERLESS - {check.action for check in asked}
    assert beyond == {"iam:CreateServiceLinkedRole"}


def test_nothing_is_granted_twice_or_on_more_than_our_names() -> None:
    shipped = json.loads((FOLDER / "operator_policy.json").read_text())
    granted = [
        (action, resource)
        for statement in shipped["Statement"]
        for action in listed(statement["Action"])
        for resource in listed(statement["Resource"])
    ]
    assert len(granted) == len(set(granted))
    for statement in OPERATOR["Statement"]:
        assert statement["Effect"] == "Allow"
        for action in listed(statement["Action"]):
            assert "*" not in action
            for resource in listed(statement["Resource"]):
                if resource == "*":
                    assert action.startswith(ON_EVERYTHING), action
                elif action.startswith(("ec2:", "s3:", "redshift-serverless:")):
                    # Ids and buckets have names of their own; the tag tells ours.
                    continue
                else:
                    assert "sparkify*" in resource or "AWSServiceRole" in resource


def test_the_loaders_policy_is_enough_for_a_run_and_has_no_action_more(
    account: Account,
) -> None:
    account.ok("up")
    settings = account.settings()
    asked = account.watched()
    with operator(account, without("none", LOADER)), account.environment_here():
        require_usable(settings)
        s3 = account.client("s3")
        for source in ("events", "songs"):
            list_prefix(s3, source, getattr(settings.data, source))
        file = Listed("events", f"s3://{BUCKET}/log_data/1.json", 2, etag="x")
        write_plan(s3, settings.data, [file], ["ts"])
        s3.get_object(Bucket=BUCKET, Key="log_data/1.json")
    # What redshift_connector asks for, to connect as dbt does.
    place = f"arn:aws:redshift:{REGION}:{ACCOUNT}"
    asked += [
        Check("redshift:GetClusterCredentials", f"{place}:{of}")
        for of in ("dbuser:sparkify/sparkify_builder", "dbname:sparkify/sparkify")
    ]
    assert not [check for check in asked if not allows(LOADER, check)]
    provisioned = {one for one in actions(LOADER) if "-serverless:" not in one}
    assert {check.action for check in asked} == provisioned


def test_a_missing_permission_is_named_with_its_call_and_the_policy(
    account: Account,
) -> None:
    with operator(account, without("iam:CreateRole")):
        line = account.refused("up")
    assert account.changes == ["iam:CreateRole"]
    assert "not allowed: iam:CreateRole; " in line
    assert "scripts/cluster/operator_policy.json" in line
    assert "--policy-name sparkify-boundary" in line
    assert account.left() == {}


def test_a_permission_that_is_missing_half_way_leaves_something_to_resume(
    account: Account,
) -> None:
    with operator(account, without("redshift:CreateCluster")):
        line = account.refused("up", code=1)
    assert "not allowed: redshift:CreateCluster" in line
    assert "the same command goes on from there" in line


@pytest.mark.long
@pytest.mark.parametrize("action", sorted(set(CALLED) - NOT_REFUSED))
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
    for path in FOLDER.glob("*_policy.json"):
        assert len("".join(path.read_text().split())) <= 6144
