"""No way up: what the boundary, the tags and the names in the policies refuse."""

import copy
from dataclasses import replace
from typing import Any

import pytest
from cluster.wanted import Owner, roles, wanted
from support.aws_server import ACCOUNT, REGION
from support.cluster_account import TAG, Account
from support.cluster_calls import BOUNDARY, OURS
from support.iam_logic import LOADER, OPERATOR, Check, allows, listed, policy_of

PLACE = f"arn:aws:redshift:{REGION}:{ACCOUNT}"
NAMESPACE, WORKGROUP = (
    f"arn:aws:redshift-serverless:{REGION}:{ACCOUNT}:{kind}/1"
    for kind in ("namespace", "workgroup")
)
GROUP = f"arn:aws:ec2:{REGION}:{ACCOUNT}:security-group/sg-1"
ADMIN_ROLE = f"arn:aws:iam::{ACCOUNT}:role/Admin"
ADMINISTRATOR = "arn:aws:iam::aws:policy/AdministratorAccess"
HAS, ASKS = f"aws:ResourceTag/{TAG}", f"aws:RequestTag/{TAG}"
BOUND, PASSED = "iam:PermissionsBoundary", "iam:PassedToService"
HANDED = {PASSED: "redshift.amazonaws.com"}
OURS_HAS, OURS_ASKS = {HAS: "sparkify"}, {ASKS: "sparkify"}

# Action, resource and context, and the condition that refuses them; without one no
# statement grants the action on the resource.
REFUSED: list[tuple[Any, ...]] = [
    # A role without the boundary, new or existing.
    ("iam:CreateRole", OURS, OURS_ASKS, BOUND),
    ("iam:CreateRole", OURS, OURS_ASKS | {BOUND: ADMINISTRATOR}, BOUND),
    ("iam:CreateRole", OURS, OURS_ASKS | {BOUND: f"{BOUNDARY}-2"}, BOUND),
    ("iam:PutRolePolicy", OURS, OURS_HAS, BOUND),
    ("iam:DeleteRolePolicy", OURS, OURS_HAS, BOUND),
    ("iam:DetachRolePolicy", OURS, OURS_HAS, BOUND),
    ("iam:DeleteRolePermissionsBoundary", OURS, {BOUND: BOUNDARY}, ""),
    ("iam:PutRolePermissionsBoundary", OURS, {BOUND: BOUNDARY}, ""),
    ("iam:AttachRolePolicy", OURS, {BOUND: BOUNDARY}, ""),
    ("iam:CreatePolicyVersion", BOUNDARY, {}, ""),
    ("iam:SetDefaultPolicyVersion", BOUNDARY, {}, ""),
    # A role for another service, or a role that is not ours.
    ("iam:PassRole", OURS, {PASSED: "ec2.amazonaws.com"}, PASSED),
    ("iam:PassRole", f"{OURS}-x", HANDED, ""),
    ("iam:UpdateAssumeRolePolicy", OURS, {BOUND: BOUNDARY}, HAS),
    ("iam:DeleteRole", OURS, {BOUND: BOUNDARY}, HAS),
    ("iam:TagRole", ADMIN_ROLE, OURS_ASKS, ""),
    # What is not ours.
    ("redshift:DeleteCluster", f"{PLACE}:cluster:sparkify", OURS_ASKS, HAS),
    ("redshift:DeleteCluster", f"{PLACE}:cluster:other", OURS_HAS, ""),
    ("redshift:CreateCluster", f"{PLACE}:cluster:sparkify", {}, ASKS),
    ("redshift:RestoreFromClusterSnapshot", f"{PLACE}:snapshot:other/last", {}, ""),
    ("redshift:GetClusterCredentials", f"{PLACE}:dbuser:sparkify/awsuser", {}, ""),
    ("redshift-serverless:DeleteNamespace", NAMESPACE, OURS_ASKS, HAS),
    ("redshift-serverless:UpdateNamespace", NAMESPACE, OURS_ASKS, HAS),
    ("redshift-serverless:UpdateWorkgroup", WORKGROUP, OURS_ASKS, HAS),
    ("redshift-serverless:TagResource", NAMESPACE, OURS_ASKS, HAS),
    ("redshift-serverless:CreateWorkgroup", WORKGROUP, {}, ASKS),
    ("ec2:DeleteSecurityGroup", GROUP, OURS_ASKS, HAS),
    ("ec2:CreateTags", GROUP, OURS_ASKS, "ec2:CreateAction"),
    ("s3:ListBucket", "arn:aws:s3:::payroll", {}, ""),
    ("s3:GetObject", "arn:aws:s3:::payroll/march", {}, ""),
]


def bare(policy: Any, key: str) -> Any:
    """The policy without its conditions on a key."""
    found = copy.deepcopy(policy)
    for statement in found["Statement"]:
        for pairs in statement.get("Condition", {}).values():
            pairs.pop(key, None)
    return found


@pytest.mark.parametrize("refused", REFUSED, ids=lambda case: case[0])
def test_what_goes_beyond_is_refused_and_it_is_the_condition_that_says_so(
    refused: tuple[Any, ...],
) -> None:
    *asked, condition = refused
    check = Check(*asked)
    assert not allows(OPERATOR, check)
    assert allows(bare(OPERATOR, condition), check) == bool(condition)


def test_a_loader_connects_to_what_is_ours_as_the_builder_alone() -> None:
    theirs = Check("redshift-serverless:GetCredentials", WORKGROUP)
    assert not allows(LOADER, theirs)
    assert allows(bare(LOADER, HAS), theirs)
    for user, may in (("sparkify_builder", True), ("awsuser", False)):
        named = f"{PLACE}:dbuser:sparkify/{user}"
        assert allows(LOADER, Check("redshift:GetClusterCredentials", named)) == may


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
        ("redshift:PauseCluster", f"{PLACE}:cluster:other"),
        ("iam:CreateUser", "*"),
    ):
        assert not allows(boundary, Check(action, resource)), action
