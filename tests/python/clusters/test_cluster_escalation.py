"""No way up: what the boundary, the tags and the names in the policies refuse.

moto knows no conditions, so `support.iam_logic` decides on recorded requests.
"""

import json
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from cluster.wanted import Owner, roles, wanted
from support.aws_server import ACCOUNT, REGION
from support.cluster_account import BOUNDARY, ROLE, Account
from support.iam_logic import (
    ANYBODY,
    NOTHING,
    OPERATOR,
    Check,
    allows,
    listed,
    policy_of,
)


def old_role(iam: Any, account: Account) -> None:
    """A role of our name that an administrator made without a boundary."""
    made = account.server.client("iam")
    tags = [{"Key": "sparkify-warehouse", "Value": "sparkify"}]
    made.create_role(
        RoleName="sparkify-old-redshift", AssumeRolePolicyDocument=ANYBODY, Tags=tags
    )
    for name in ("deny", "more"):
        made.put_role_policy(
            RoleName="sparkify-old-redshift", PolicyName=name, PolicyDocument=NOTHING
        )


def new_role(iam: Any, account: Account, **boundary: str) -> None:
    iam.create_role(
        RoleName="sparkify-x-redshift",
        AssumeRolePolicyDocument=ANYBODY,
        Tags=[{"Key": "sparkify-warehouse", "Value": "sparkify"}],
        **boundary,
    )


def all_of_it(iam: Any, role: str) -> None:
    everything = {"Effect": "Allow", "Action": "*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_role_policy(RoleName=role, PolicyName="x", PolicyDocument=document)


def without_a_boundary(iam: Any, account: Account) -> None:
    new_role(iam, account)
    all_of_it(iam, "sparkify-x-redshift")


def with_an_administrators(iam: Any, account: Account) -> None:
    arn = "arn:aws:iam::aws:policy/AdministratorAccess"
    new_role(iam, account, PermissionsBoundary=arn)


def with_one_of_a_like_name(iam: Any, account: Account) -> None:
    account.server.client("iam").create_policy(
        PolicyName="sparkify-boundary-2", PolicyDocument=NOTHING
    )
    new_role(iam, account, PermissionsBoundary=f"{BOUNDARY}-2")


def everything_for_an_old_role(iam: Any, account: Account) -> None:
    old_role(iam, account)
    all_of_it(iam, "sparkify-old-redshift")


def the_deny_of_an_old_role(iam: Any, account: Account) -> None:
    old_role(iam, account)
    iam.delete_role_policy(RoleName="sparkify-old-redshift", PolicyName="deny")


def the_guard_of_an_old_role(iam: Any, account: Account) -> None:
    old_role(iam, account)
    role = {"RoleName": "sparkify-old-redshift", "PolicyArn": BOUNDARY}
    account.server.client("iam").attach_role_policy(**role)
    iam.detach_role_policy(**role)


ESCALATIONS: list[Callable[[Any, Account], None]] = [
    without_a_boundary,
    with_an_administrators,
    with_one_of_a_like_name,
    everything_for_an_old_role,
    the_deny_of_an_old_role,
    the_guard_of_an_old_role,
]


@pytest.mark.parametrize("escalate", ESCALATIONS)
def test_no_role_gets_more_than_the_boundary_and_it_is_the_condition_that_says_so(
    account: Account, escalate: Callable[[Any, Account], None]
) -> None:
    asked = account.watched()
    escalate(account.client("iam"), account)
    account.server.calls.clear()  # a program's calls are never like these
    assert asked
    assert not all(allows(OPERATOR, check) for check in asked)
    bare = json.loads(json.dumps(OPERATOR))
    for statement in bare["Statement"]:
        statement.get("Condition", {}).get("StringLike", {}).pop(
            "iam:PermissionsBoundary", None
        )
    assert all(allows(bare, check) for check in asked)


def test_other_ways_up_and_what_is_not_ours_are_refused() -> None:
    role = f"arn:aws:iam::{ACCOUNT}:role/{ROLE}"
    place = f"arn:aws:redshift:{REGION}:{ACCOUNT}"
    ours = {"aws:RequestTag/sparkify-warehouse": "sparkify"}
    handed = {"iam:PassedToService": "redshift.amazonaws.com"}
    for action, resource, context in (
        ("iam:DeleteRolePermissionsBoundary", role, {}),
        ("iam:PutRolePermissionsBoundary", role, {"iam:PermissionsBoundary": BOUNDARY}),
        ("iam:AttachRolePolicy", role, {"iam:PermissionsBoundary": BOUNDARY}),
        ("iam:CreatePolicyVersion", BOUNDARY, {}),
        ("iam:SetDefaultPolicyVersion", BOUNDARY, {}),
        ("iam:PassRole", role, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:PassRole", f"{role}-x", handed),
        ("iam:UpdateAssumeRolePolicy", role, {}),
        ("iam:DeleteRole", role, {}),
        ("iam:TagRole", f"arn:aws:iam::{ACCOUNT}:role/Admin", ours),
        ("redshift:DeleteCluster", f"{place}:cluster:sparkify", {}),
        ("redshift:DeleteCluster", f"{place}:cluster:other", ours),
        ("redshift:CreateCluster", f"{place}:cluster:sparkify", {}),
        ("redshift:RestoreFromClusterSnapshot", f"{place}:snapshot:other/last", {}),
        ("redshift:GetClusterCredentials", f"{place}:dbuser:sparkify/awsuser", {}),
        ("ec2:DeleteSecurityGroup", "arn:aws:ec2:x:1:security-group/sg-1", {}),
        ("ec2:CreateTags", "arn:aws:ec2:x:1:security-group/sg-1", ours),
        ("s3:ListBucket", "arn:aws:s3:::payroll", {}),
        ("s3:GetObject", "arn:aws:s3:::payroll/march", {}),
    ):
        assert not allows(OPERATOR, Check(action, resource, context)), action


def test_the_boundary_leaves_the_roles_all_that_their_policies_grant(
    account: Account,
) -> None:
    boundary = policy_of("boundary")
    settings = wanted(account.settings())
    owner = Owner(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/me")
    key = "arn:aws:kms:us-west-2:123456789012:key/0a1b"
    data = replace(settings.data, kms_key=key)
    granted = [
        statement
        for role in roles(replace(settings, data=data), owner)
        for statement in role.policy["Statement"]
    ]
    for statement in granted:
        for resource in listed(statement["Resource"]):
            through = {"kms:ViaService": f"s3.{REGION}.amazonaws.com"}
            check = Check(statement["Action"], resource, through)
            assert allows(boundary, check), check
    for action, resource in (
        ("s3:GetObject", "arn:aws:s3:::payroll/march"),
        ("kms:Decrypt", key),
        ("redshift:PauseCluster", f"arn:aws:redshift:{REGION}:{ACCOUNT}:cluster:other"),
        ("iam:CreateUser", "*"),
    ):
        assert not allows(boundary, Check(action, resource)), action
