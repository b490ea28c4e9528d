"""No way up: what the boundary, the tags and the names in the policies refuse.

moto knows no conditions, so `support.iam_logic` decides on recorded requests.
"""

import json
import re
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
import redshift_connector
from botocore.exceptions import ClientError
from cluster.wanted import Owner, roles, wanted
from redshift_connector.iam_helper import IamHelper
from support.aws_server import ACCOUNT, REGION, Call
from support.cluster_account import TAG, Account
from support.cluster_calls import BOUNDARY, OURS
from support.iam_logic import (
    ANYBODY,
    EVERYTHING,
    LOADER,
    NOTHING,
    OPERATOR,
    Check,
    allows,
    listed,
    policy_of,
)

NEW, OLD = {"RoleName": "sparkify-x-redshift"}, {"RoleName": "sparkify-old-redshift"}
TRUST = {
    "AssumeRolePolicyDocument": ANYBODY,
    "Tags": [{"Key": TAG, "Value": "sparkify"}],
}
ALL = {"PolicyName": "x", "PolicyDocument": EVERYTHING}
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"


def without_a_boundary(iam: Any) -> None:
    iam.create_role(**NEW, **TRUST)
    iam.put_role_policy(**NEW, **ALL)


ESCALATIONS: dict[str, Callable[[Any], object]] = {
    "a role without a boundary": without_a_boundary,
    "with an administrator's": lambda iam: iam.create_role(
        **NEW, **TRUST, PermissionsBoundary=ADMINISTRATOR
    ),
    "with one of a like name": lambda iam: iam.create_role(
        **NEW, **TRUST, PermissionsBoundary=f"{BOUNDARY}-2"
    ),
    "everything for an old role": lambda iam: iam.put_role_policy(**OLD, **ALL),
    "the deny of an old role": lambda iam: iam.delete_role_policy(
        **OLD, PolicyName="deny"
    ),
    "the guard of an old role": lambda iam: iam.detach_role_policy(
        **OLD, PolicyArn=BOUNDARY
    ),
}


def bare(policy: Any, key: str) -> Any:
    """The policy without its conditions on a key."""
    found = json.loads(json.dumps(policy))
    for statement in found["Statement"]:
        statement.get("Condition", {}).get("StringLike", {}).pop(key, None)
    return found


@pytest.mark.parametrize("escalation", ESCALATIONS)
def test_no_role_gets_more_than_the_boundary_and_it_is_the_condition_that_says_so(
    account: Account, escalation: str
) -> None:
    # An administrator made a role of our name without a boundary.
    iam = account.server.client("iam")
    iam.create_policy(PolicyName="sparkify-boundary-2", PolicyDocument=NOTHING)
    iam.create_role(**OLD, **TRUST)
    for name in ("deny", "more"):
        iam.put_role_policy(**OLD, PolicyName=name, PolicyDocument=NOTHING)
    iam.attach_role_policy(**OLD, PolicyArn=BOUNDARY)
    asked = account.watched()
    ESCALATIONS[escalation](account.client("iam"))
    account.server.calls.clear()  # a program's calls are never like these
    assert asked
    assert not all(allows(OPERATOR, check) for check in asked)
    allowed = bare(OPERATOR, "iam:PermissionsBoundary")
    assert all(allows(allowed, check) for check in asked)


def test_what_the_operator_never_needs_and_what_is_not_ours_are_refused() -> None:
    place = f"arn:aws:redshift:{REGION}:{ACCOUNT}"
    ours = {"aws:RequestTag/sparkify-warehouse": "sparkify"}
    handed = {"iam:PassedToService": "redshift.amazonaws.com"}
    for action, resource, context in (
        ("iam:DeleteRolePermissionsBoundary", OURS, {}),
        ("iam:PutRolePermissionsBoundary", OURS, {"iam:PermissionsBoundary": BOUNDARY}),
        ("iam:AttachRolePolicy", OURS, {"iam:PermissionsBoundary": BOUNDARY}),
        ("iam:CreatePolicyVersion", BOUNDARY, {}),
        ("iam:SetDefaultPolicyVersion", BOUNDARY, {}),
        ("iam:PassRole", OURS, {"iam:PassedToService": "ec2.amazonaws.com"}),
        ("iam:PassRole", f"{OURS}-x", handed),
        ("iam:UpdateAssumeRolePolicy", OURS, {}),
        ("iam:DeleteRole", OURS, {}),
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
    boundary, settings = policy_of("boundary"), wanted(account.settings())
    owner = Owner(ACCOUNT, f"arn:aws:sts::{ACCOUNT}:assumed-role/me")
    key = "arn:aws:kms:us-west-2:123456789012:key/0a1b"
    data = replace(settings.data, kms_key=key)
    for role in roles(replace(settings, data=data), owner):
        for statement in role.policy["Statement"]:
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


THEIRS = {"namespaceName": "theirs"}
# The policy, the call, and the condition without which it would be allowed.
OF_SERVERLESS: list[tuple[Any, str, dict[str, Any], str]] = [
    (OPERATOR, "delete_namespace", THEIRS, "ResourceTag"),
    (
        OPERATOR,
        "update_namespace",
        THEIRS | {"iamRoles": [OURS], "defaultIamRoleArn": OURS},
        "ResourceTag",
    ),
    (
        OPERATOR,
        "update_workgroup",
        {"workgroupName": "theirs", "publiclyAccessible": True},
        "ResourceTag",
    ),
    (
        OPERATOR,
        "tag_resource",
        {"resourceArn": "", "tags": [{"key": TAG, "value": "sparkify"}]},
        "ResourceTag",
    ),
    (OPERATOR, "create_workgroup", THEIRS | {"workgroupName": "mine"}, "RequestTag"),
    (LOADER, "get_credentials", {"workgroupName": "theirs"}, "ResourceTag"),
]


@pytest.mark.parametrize(
    ("policy", "call", "params", "key"), OF_SERVERLESS, ids=[*range(6)]
)
def test_what_is_not_ours_is_out_of_reach_and_it_is_the_condition_that_says_so(
    serverless: Account, policy: Any, call: str, params: dict[str, Any], key: str
) -> None:
    there = serverless.server.serverless
    for action, theirs in (
        ("CreateNamespace", THEIRS | {"adminUsername": "them"}),
        ("CreateWorkgroup", THEIRS | {"workgroupName": "theirs"}),
    ):
        made = Call("redshift-serverless", action, json.dumps(theirs))
        assert there.answer(serverless.server, made)[0] == 200
    if "resourceArn" in params:
        arn = there.namespaces[REGION, "theirs"]["namespaceArn"]
        params = params | {"resourceArn": arn}
    asked = serverless.watched()
    serverless.server.denies = str
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(serverless.client("redshift-serverless"), call)(**params)
    serverless.server.calls.clear()  # a program's calls are never like these
    (check, *_) = [check for check in asked if check.action != "iam:PassRole"]
    assert not allows(policy, check)
    assert allows(bare(policy, f"aws:{key}/{TAG}"), check)


@pytest.mark.parametrize("user", ["awsuser", "sparkify_builder"])
def test_who_signs_in_on_a_cluster(
    account: Account, monkeypatch: pytest.MonkeyPatch, user: str
) -> None:
    """As `user` of the profile, the administrator's first step too."""
    host = re.search("REDSHIFT_HOST=(.+)", account.ok("up").out)
    assert host
    used: dict[str, Any] = {}
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    account.server.calls = []
    IamHelper.credentials_cache.clear()
    connection = lambda **given: used.update(given)  # noqa: E731
    monkeypatch.setattr(redshift_connector, "Connection", connection)
    redshift_connector.connect(
        iam=True,
        host=host[1],
        port=5439,
        database="sparkify",
        region=REGION,
        db_user=user,
        cluster_identifier="sparkify",
    )
    assert used["user"] == f"IAM:{user}"
    (call,) = account.server.calls
    assert call.params["DbUser"] == user
    named = f"arn:aws:redshift:{REGION}:{ACCOUNT}:dbuser:sparkify/{user}"
    check = Check("redshift:GetClusterCredentials", named)
    assert allows(LOADER, check) == (user != "awsuser")
    assert not allows(OPERATOR, check)
