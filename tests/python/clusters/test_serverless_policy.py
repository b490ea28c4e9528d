"""What the policies allow on Serverless, and who signs in."""

import json
import re
from typing import Any

import pytest
import redshift_connector
from botocore.exceptions import ClientError
from cluster.status import require_usable
from redshift_connector.iam_helper import IamHelper
from support.aws_server import Call
from support.cluster_account import STATUS, Account
from support.iam_logic import LOADER, OPERATOR, RESTORER, Check, allows, listed
from support.serverless_account import HERE, RESTORING, differing, kept

RESTORE = "redshift-serverless:RestoreFromSnapshot"


def test_the_policies_are_enough_and_every_action_is_called(
    serverless: Account,
) -> None:
    asked = serverless.watched()
    differing(serverless)
    for command in (["up"], [*STATUS], ["down", "--yes", "--snapshot", "last"]):
        serverless.ok(*command)
    serverless.ok("up", "--snapshot", "last")
    loads = len(asked)
    with serverless.environment_here():
        require_usable(serverless.settings())
    serverless.client("redshift-serverless").get_credentials(workgroupName="sparkify")
    operates = [check for check in asked[:loads] if check.action != RESTORE]
    assert not [check for check in operates if not allows(OPERATOR, check)]
    assert not [check for check in asked[loads:] if not allows(LOADER, check)]
    (restore,) = (check for check in asked if check.action == RESTORE)
    assert allows(RESTORER, restore)
    assert not allows(OPERATOR, restore)
    for policy, part in ((OPERATOR, operates), (LOADER, asked[loads:])):
        granted = {
            action
            for statement in policy["Statement"]
            for action in listed(statement["Action"])
            if "-serverless:" in action
        }
        assert granted == {
            check.action for check in part if "-serverless:" in check.action
        }


def foreign(account: Account) -> dict[str, str]:
    """A namespace and a workgroup of other people, of any name; their ARNs."""
    there = account.server.serverless
    for action, params in (
        ("CreateNamespace", {"namespaceName": "theirs", "adminUsername": "them"}),
        ("CreateWorkgroup", {"namespaceName": "theirs", "workgroupName": "theirs"}),
    ):
        call = Call("redshift-serverless", action, json.dumps(params))
        assert there.answer(account.server, call)[0] == 200
    place = ("us-west-2", "theirs")
    namespace, workgroup = there.namespaces[place], there.workgroups[place]
    return {"n": namespace["namespaceArn"], "w": workgroup["workgroupArn"]}


ADMIN = "arn:aws:iam::123456789012:role/sparkify-us-west-2-redshift"
OURS = [{"key": "sparkify-warehouse", "value": "sparkify"}]
# The policy, the call, and the condition without which it would be allowed.
ESCALATIONS: list[tuple[str, str, dict[str, Any], str]] = [
    ("operator", "delete_namespace", {"namespaceName": "theirs"}, "ResourceTag"),
    (
        "operator",
        "update_namespace",
        {"namespaceName": "theirs", "iamRoles": [ADMIN], "defaultIamRoleArn": ADMIN},
        "ResourceTag",
    ),
    (
        "operator",
        "update_workgroup",
        {"workgroupName": "theirs", "publiclyAccessible": True},
        "ResourceTag",
    ),
    ("operator", "tag_resource", {"resourceArn": "n", "tags": OURS}, "ResourceTag"),
    (
        "operator",
        "create_workgroup",
        {"workgroupName": "mine", "namespaceName": "theirs"},
        "RequestTag",
    ),
    ("loader", "get_credentials", {"workgroupName": "theirs"}, "ResourceTag"),
]


@pytest.mark.parametrize(("name", "call", "params", "key"), ESCALATIONS)
def test_what_is_not_ours_is_out_of_reach_and_it_is_the_condition_that_says_so(
    serverless: Account, name: str, call: str, params: dict[str, Any], key: str
) -> None:
    arns = foreign(serverless)
    asked = serverless.watched()
    serverless.server.permits = lambda _: False
    client = serverless.client("redshift-serverless")
    given = {key: arns.get(str(value), value) for key, value in params.items()}
    with pytest.raises(ClientError, match="AccessDenied"):
        getattr(client, call)(**given)
    serverless.server.calls.clear()  # a program's calls are never like these
    policy = {"operator": OPERATOR, "loader": LOADER}[name]
    asked = [check for check in asked if check.action != "iam:PassRole"]
    assert asked
    assert not allows(policy, asked[0])
    bare = json.loads(json.dumps(policy))
    for statement in bare["Statement"]:
        statement.get("Condition", {}).get("StringLike", {}).pop(
            f"aws:{key}/sparkify-warehouse", None
        )
    assert allows(bare, asked[0])


def test_who_may_not_restore_is_told_of_the_administrators_statement(
    serverless: Account,
) -> None:
    kept(serverless)
    serverless.server.permits = lambda call: call.action != "RestoreFromSnapshot"
    line = serverless.refused("up", "--snapshot", "last", code=1)
    assert "not allowed: redshift-serverless:RestoreFromSnapshot; " in line
    assert "scripts/cluster/restore_policy.json has what this needs" in line
    serverless.server.permits = bool
    serverless.ok("up")  # the namespace says what is still to be restored
    assert serverless.changes == RESTORING[-2:]
    assert serverless.server.serverless.restored == {HERE: "last"}


@pytest.mark.parametrize(
    ("kind", "asked", "got"),
    [
        ("provisioned", "awsuser", "IAM:awsuser"),  # the administrator's step
        ("provisioned", "sparkify_builder", "IAM:sparkify_builder"),
        ("serverless", "sparkify_builder", "IAMR:sparkify-loader"),
    ],
)
def test_who_signs_in(
    account: Account, monkeypatch: pytest.MonkeyPatch, kind: str, asked: str, got: str
) -> None:
    account.kind = kind
    account.write()
    out = account.ok("up").out
    host = re.search("REDSHIFT_HOST=(.+)", out)
    assert host
    used: dict[str, Any] = {}
    for name, value in account.environment.items():
        monkeypatch.setenv(name, value)
    account.server.calls = []
    IamHelper.credentials_cache.clear()
    monkeypatch.setattr(
        redshift_connector, "Connection", lambda **said: used.update(said)
    )
    redshift_connector.connect(
        iam=True,
        host=host[1],
        port=5439,
        database="sparkify",
        region="us-west-2",
        db_user=asked,
        cluster_identifier="sparkify" if kind == "provisioned" else None,
    )
    assert used["user"] == got
    (call,) = account.server.calls
    assert call.params.get("DbUser", "") == (asked if kind == "provisioned" else "")
    if kind == "provisioned":
        user = f"arn:aws:redshift:us-west-2:123456789012:dbuser:sparkify/{asked}"
        check = Check("redshift:GetClusterCredentials", user)
        assert allows(LOADER, check) == (asked != "awsuser")
        assert not allows(OPERATOR, check)
