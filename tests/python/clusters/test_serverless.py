"""Serverless from `up` to `down`; `support.aws_serverless` answers for AWS."""

import json
import re
from collections.abc import Callable
from typing import Any

import pytest
import redshift_connector
from botocore.exceptions import ClientError
from cluster.status import require_usable
from common.errors import Refused
from common.settings import read_settings
from moto.backends import get_backend
from redshift_connector.iam_helper import IamHelper
from support.aws_server import ELSEWHERE, Call
from support.aws_serverless import error
from support.cluster_account import ROLE, STATUS, Account
from support.iam_logic import LOADER, OPERATOR, RESTORER, Check, allows, listed

MAKING = [
    "iam:CreateRole",
    "iam:PutRolePolicy",
    "ec2:CreateSecurityGroup",
    "ec2:AuthorizeSecurityGroupIngress",
    "redshift-serverless:CreateNamespace",
    "redshift-serverless:CreateWorkgroup",
    "redshift-serverless:CreateUsageLimit",
]
RESTORING = [
    *MAKING,
    "redshift-serverless:RestoreFromSnapshot",
    "redshift-serverless:UntagResource",
]
REMOVING = [
    "redshift-serverless:DeleteUsageLimit",
    "redshift-serverless:DeleteWorkgroup",
    "redshift-serverless:DeleteNamespace",
    "ec2:DeleteSecurityGroup",
    "iam:DeleteRolePolicy",
    "iam:DeleteRole",
]
RESTORE = "redshift-serverless:RestoreFromSnapshot"
HERE = ("us-west-2", "sparkify")


@pytest.fixture
def serverless(account: Account) -> Account:
    """The account, with settings of this kind."""
    account.kind = "serverless"
    account.write()
    return account


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


def differing(account: Account) -> None:
    """What a life of changes by hand, and of other settings, leaves."""
    account.ok("up")
    there = account.server.serverless
    there.workgroups[HERE] |= {"maxCapacity": -1, "port": 5440, "baseCapacity": 16}
    there.workgroups[HERE]["securityGroupIds"] = []
    there.namespaces[HERE] |= {"iamRoles": [], "defaultIamRoleArn": None}
    (limit,) = there.limits.values()
    limit["amount"] = 999


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


def complete(account: Account) -> None:
    account.ok("up")


def kept(account: Account) -> None:
    account.ok("up")
    account.ok("down", "--yes", "--snapshot", "last")


LIVES: dict[str, tuple[Callable[[Account], object], list[str], int]] = {
    "up": (str, ["up"], len(MAKING)),
    "restore": (kept, ["up", "--snapshot", "last"], len(RESTORING)),
    "repair": (differing, ["up"], 6),
    "down": (complete, ["down", "--yes"], len(REMOVING)),
}
ALL = [
    (life, number, when, then)
    for life, (_, _, calls) in LIVES.items()
    for number in range(1, calls + 1)
    for when in ("before", "after")
    for then in ("up", "down")
]
SOME = [
    ("up", 6, "after", "up"),  # a workgroup without its limit
    ("restore", 8, "before", "up"),
    ("down", 2, "after", "down"),
]


def killed(account: Account, life: str, number: int, when: str, then: str) -> None:
    before, command, calls = LIVES[life]
    before(account)
    done = account.run(*command, kill=(number, when))
    assert done.code == -9, done
    assert len(account.changes) == number <= calls
    assert "usable: " not in done.err
    if then == "down":
        account.ok("down", "--yes")
        assert account.left().keys() <= {"snapshots"}
        return
    account.ok("up")
    account.assert_complete()
    tags = account.server.serverless.tags.values()
    assert not [one for one in tags if "sparkify-warehouse-restore" in one]
    restored = account.server.serverless.restored
    past_namespace = number > 5 or (number, when) == (5, "after")  # it holds the tag
    assert bool(restored) == (life == "restore" and past_namespace)


@pytest.mark.parametrize(("life", "number", "when", "then"), SOME)
def test_killed_and_finished(
    serverless: Account, life: str, number: int, when: str, then: str
) -> None:
    killed(serverless, life, number, when, then)


@pytest.mark.long
@pytest.mark.parametrize(("life", "number", "when", "then"), ALL)
def test_killed_anywhere_and_finished(
    serverless: Account, life: str, number: int, when: str, then: str
) -> None:
    killed(serverless, life, number, when, then)
    serverless.ok(*(["up"] if then == "up" else ["down", "--yes"]))
    assert serverless.changes == []


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
        assert "not usable yet: available, but without a daily limit" in found
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


def subnets(account: Account, **changes: Any) -> list[str]:
    """Two subnets in two zones of a VPC of their own, or else."""
    ec2 = account.server.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=f"10.1.{number}.0/{changes.get('size', 24)}",
            AvailabilityZone=f"us-west-2{changes.get('zones', 'ab')[number]}",
        )["Subnet"]["SubnetId"]
        for number in range(2)
    ]


def test_subnets_are_checked_before_anything_is_made(serverless: Account) -> None:
    allowed = {"allow_cidrs": ["10.0.0.0/8"], "public": False}

    def refused(named: list[str]) -> str:
        serverless.write(cluster=allowed | {"subnets": named})
        line = serverless.refused("up")
        assert serverless.changes == []
        assert line.endswith("(us-west-2); set [cluster] subnets to others")
        return line

    good, other = subnets(serverless), subnets(serverless)
    assert "there is no subnet subnet-none" in refused([good[0], "subnet-none"])
    one_zone = refused(subnets(serverless, zones="aa"))
    assert "the subnets are in 1 zones, and AWS wants 2" in one_zone
    assert "are in several VPCs" in refused([good[0], other[1]])
    full = get_backend("ec2")["123456789012"]["us-west-2"].get_subnet(good[1])
    most, full._available_ip_addresses = full._available_ip_addresses, 2
    assert f"fewer than 3 free addresses in {good[1]}" in refused(good)
    full._available_ip_addresses = most
    serverless.write(cluster=allowed | {"subnets": good})
    serverless.ok("up")
    made = serverless.server.serverless.workgroups[HERE]
    assert (made["subnetIds"], made["publiclyAccessible"]) == (good, False)
    made["enhancedVpcRouting"] = True
    assert "in 2 zones, and AWS wants 3" in refused(good)


OLD = "[data]\n[cluster]\nname = 'sparkify'\n"
KEPT = 'to keep a provisioned cluster, add the line `kind = "provisioned"`'


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            "node_type = 'ra3.large'\npause_at = ''",
            f"has node_type, pause_at, but its kind is serverless, the default; {KEPT}",
        ),
        ("nodes = 1", KEPT),
        ("subnet_group = 'mine'", KEPT),
        ("kind = 'serverless'\nnodes = 2", "remove them, or set kind to provisioned"),
        (
            "kind = 'provisioned'\nrpu = 8\nsubnets = []",
            "[cluster] has rpu, subnets, but its kind is provisioned; remove them, or"
            " set kind to serverless",
        ),
        ("kind = 'both'", "kind in [cluster] must be serverless or provisioned"),
    ],
)
def test_a_settings_file_says_its_kind(account: Account, lines: str, told: str) -> None:
    path = account.folder / "w.toml"
    path.write_text(OLD + lines)
    with pytest.raises(Refused) as refused:
        read_settings(path)
    assert told in refused.value.message
    path.write_text(OLD)
    assert read_settings(path).cluster.kind == "serverless"


@pytest.mark.parametrize(
    ("changed", "told"),
    [
        ({"rpu": 12}, "rpu is 12; use 4 where the region has it, or a multiple of 8"),
        ({"rpu": 2}, "rpu is 2"),
        ({"rpu": 16}, "rpu_max is 8"),
        ({"rpu_hours_a_day": 0}, 'rpu_hours_a_day "0" cannot be used; write 1 or'),
        ({"name": "ab"}, "at least 3 and most 39"),
        ({"port": 5456}, "AWS takes 5431-5455, 8191-8215"),
    ],
)
def test_a_capacity_that_cannot_be_right(
    serverless: Account, changed: dict[str, Any], told: str
) -> None:
    serverless.write(cluster=changed)
    assert told in serverless.refused("up")
    assert serverless.server.calls == []


def test_a_user_role_has_to_trust_both_services(serverless: Account) -> None:
    arn = "arn:aws:iam::123456789012:role/mine"
    iam = serverless.server.client("iam")
    principal = {"Service": "redshift.amazonaws.com"}
    statement = {"Effect": "Allow", "Principal": principal, "Action": "sts:AssumeRole"}
    trust = {"Version": "2012-10-17", "Statement": [statement]}
    iam.create_role(RoleName="mine", AssumeRolePolicyDocument=json.dumps(trust))
    serverless.write(data={"role": arn})
    assert re.search(
        "trusts redshift.* and redshift-serverless", serverless.refused("up")
    )


def test_another_change_is_waited_for(serverless: Account) -> None:
    busy = iter([error("ConflictException", "an operation is running")])
    serverless.server.answers["redshift-serverless:CreateUsageLimit"] = lambda _: next(
        busy, None
    )
    serverless.server.serverless.slow = 2
    done = serverless.ok("up")
    assert 'AWS says "an operation is running"' in done.err
    serverless.assert_complete()


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
