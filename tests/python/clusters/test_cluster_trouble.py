"""What AWS and other people put in the way, each with its own message."""

from typing import Any

import pytest
from botocore import xform_name
from cluster import apply
from cluster.existing import not_usable
from support.aws_server import Call
from support.cluster_account import HERE, STATUS, TAG, Account
from support.cluster_calls import BOUNDARY, MAKING, ROLE


def untag(account: Account, what: str) -> None:
    """Leave what `up` made as somebody else's."""
    there, cluster = account.server.serverless, account.server.clusters()
    if what == "cluster":
        cluster["sparkify"].tags, cluster["sparkify"].iam_roles_arn = [], []
    elif what == "role":
        account.server.client("iam").untag_role(RoleName=ROLE, TagKeys=[TAG])
    elif what == "security group":
        ec2 = account.server.client("ec2")
        named = [{"Name": "group-name", "Values": ["sparkify-redshift"]}]
        (group,) = ec2.describe_security_groups(Filters=named)["SecurityGroups"]
        ec2.delete_tags(Resources=[group["GroupId"]], Tags=[{"Key": TAG}])
    elif what == "workgroup":
        there.tags[there.workgroups[HERE]["workgroupArn"]] = {}
    else:
        there.tags[there.namespaces[HERE]["namespaceArn"]] = {}
        there.workgroups.clear()


@pytest.mark.parametrize(
    ("kind", "what"),
    [
        ("provisioned", "cluster"),
        ("provisioned", "role"),
        ("provisioned", "security group"),
        ("serverless", "namespace"),
        ("serverless", "workgroup"),
    ],
)
def test_what_is_not_ours_is_never_touched(
    account: Account, kind: str, what: str
) -> None:
    account.reset(kind)
    account.ok("up")
    untag(account, what)
    before = account.left()
    for command in (("up",), ("down", "--yes"), ("pause",), STATUS):
        line = account.refused(*command)
        assert f"{what} sparkify" in line
        assert "exists and is not ours" in line
        assert account.changes == []
    assert account.left() == before
    if what in {"cluster", "workgroup"}:
        assert "is not ours" in account.not_usable()


# The kind, the command, its call, AWS's answer, and the exit code if AWS goes on so.
PASSING = """
provisioned up redshift:CreateCluster InvalidParameterValue 1 The IAM role is not valid
provisioned down redshift:DeleteCluster InvalidClusterState 1 An operation is running
serverless down ec2:DeleteSecurityGroup DependencyViolation 4 It has a dependent object
serverless up redshift-serverless:CreateUsageLimit ConflictException 4 Another runs
"""


@pytest.mark.parametrize("case", PASSING.strip().splitlines())
def test_what_passes_is_tried_again_and_what_does_not_ends_in_the_words_of_aws(
    account: Account,
    monkeypatch: pytest.MonkeyPatch,
    case: str,
) -> None:
    account.kind, name, call, code, exit_code, words = case.split(" ", 5)
    account.write()
    command = [name, "--yes"] if name == "down" else [name]
    if name != "up":
        account.ok("up")
    account.server.refuse(call, code, words)
    with monkeypatch.context() as patch:
        patch.setattr(apply, "STALE_MINUTES", 0)
        account.minutes = 0.002
        assert words in account.refused(*command, code=int(exit_code))
    account.minutes = 1
    account.server.refuse(call, code, words, times=2)
    assert f'AWS says "{words}' in account.ok(*command).stderr
    assert account.changes.count(call) == 3
    if name == "up":
        account.assert_complete()


USABLE: dict[str, Any] = {
    "ClusterStatus": "available",
    "ClusterAvailabilityStatus": "Available",
    "Endpoint": {"Address": "host"},
    "IamRoles": [{"ApplyStatus": "in-sync"}],
    "VpcSecurityGroups": [{"Status": "active"}],
}


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({}, ""),
        ({"ClusterAvailabilityStatus": "Modifying"}, "available, but modifying"),
        ({"Endpoint": {}}, "available, but without an endpoint"),
        ({"IamRoles": [{"ApplyStatus": "adding"}]}, "available, role adding"),
        (
            {"VpcSecurityGroups": [{"Status": "adding"}]},
            "available, security group adding",
        ),
    ],
)
def test_available_is_not_yet_usable(changed: dict[str, Any], reason: str) -> None:
    assert not_usable(USABLE | changed) == reason


def test_a_missing_paused_or_hopeless_cluster_says_so(account: Account) -> None:
    missing = "there is no cluster sparkify in us-west-2; `up` makes it"
    assert missing in account.refused("pause")
    assert missing in account.ok(*STATUS).stdout
    assert account.not_usable() == missing
    account.ok("up")
    before = len(account.server.calls)
    assert account.not_usable() == ""
    (call,) = account.server.calls[before:]
    assert str(call) == "redshift:DescribeClusters"
    account.server.cluster().status = "paused"
    assert account.not_usable() == "cluster sparkify is paused; `up` makes it usable"
    assert "cluster sparkify is paused" in account.ok("pause").stdout
    assert account.changes == []
    account.server.cluster().status = "incompatible-network"
    line = account.refused("up", code=1)
    assert "is incompatible-network, which does not pass; look at it in" in line
    assert account.changes == []
    assert "is incompatible-network" in account.ok(*STATUS).stdout
    account.ok("down", "--yes")
    assert account.left() == {}


def test_out_of_time_or_interrupted_can_be_resumed(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def creating(_: Call) -> None:
        for cluster in account.server.clusters().values():
            cluster.status = "creating"

    account.server.answers["redshift:DescribeClusters"] = creating
    account.minutes = 0.002
    line = account.refused("up", code=4)
    assert "still creating" in line
    assert "run the same command again" in line
    assert account.changes == MAKING["provisioned"]  # the pause, too
    planned = account.run("up", "--dry-run")
    assert planned.exit_code == 10
    assert "wait until it is usable (now creating)" in planned.stdout

    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr("time.sleep", interrupt)
        account.minutes = 1
        line = account.refused("up", code=130)
    assert "interrupted; what was done stays, and AWS goes on; the same command" in line
    account.server.answers.clear()
    account.server.cluster().status = "available"
    account.ok("up")
    assert account.changes == []
    account.assert_complete()


def test_a_boundary_that_no_administrator_made_is_named_with_its_command(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "STALE_MINUTES", 0)
    account.server.client("iam").delete_policy(PolicyArn=BOUNDARY)
    line = account.refused("up", code=1)
    assert account.changes == ["iam:CreateRole"]
    assert (
        "`aws iam create-policy --policy-name sparkify-boundary --policy-document"
        " file://scripts/cluster/boundary_policy.json`" in line
    )
    assert "does not exist or is not attachable" in line
    account.server.refuse("iam:CreateRole", "AccessDenied", "no")
    assert "--policy-name sparkify-boundary" in account.refused("up")


def test_a_cluster_that_is_being_deleted_is_waited_for_and_made_again(
    account: Account,
) -> None:
    account.ok("up")
    cluster, clusters = account.server.cluster(), account.server.clusters()
    cluster.status = "deleting"
    cluster.redshift_backend.delete_automated_snapshots("sparkify")
    looks = iter([1, 2])

    def answer(_: Call) -> None:
        if next(looks, None) is None and clusters.get("sparkify") is cluster:
            del clusters["sparkify"]

    account.server.answers["redshift:DescribeClusters"] = answer
    account.ok("up")
    assert account.changes == ["redshift:CreateCluster"]
    account.assert_complete()


def test_a_change_that_does_not_last_is_an_error(account: Account) -> None:
    account.ok("up")
    account.write(cluster={"allow_cidrs": ["198.51.100.0/24"]})
    account.server.answers["ec2:AuthorizeSecurityGroupIngress"] = lambda _: {"x": 1}
    account.minutes = 0.002
    line = account.refused("up", code=4)
    assert "still AWS does not show it yet: + rule of sparkify-redshift" in line


def test_what_somebody_else_was_quicker_to_do_is_done(account: Account) -> None:
    ec2 = account.server.client("ec2")

    def quicker(call: Call) -> None:
        done = getattr(ec2, xform_name(call.action))
        done(**call.params)

    account.server.answers["ec2:AuthorizeSecurityGroupIngress"] = quicker
    account.ok("up")
    account.assert_complete()
    account.server.answers["ec2:DeleteSecurityGroup"] = quicker
    account.ok("down", "--yes")
    assert account.left() == {}


@pytest.mark.parametrize(
    "failing", [*MAKING["serverless"], "redshift-serverless:ListUsageLimits"]
)
def test_no_call_that_fails_ends_usable_without_the_limit(
    serverless: Account, failing: str
) -> None:
    serverless.server.refuse(failing, "ValidationException", "no")
    done = serverless.run("up")
    assert (done.exit_code, done.stdout) == (1, "")
    assert "usable: " not in done.stderr
    if failing.endswith("CreateUsageLimit"):
        line = "not usable, because its daily limit is not in place: AWS refused"
        assert line in done.stderr.splitlines()[-1]
        status = serverless.status()
        assert status["dollars_a_day"] is None
        assert status["message"].endswith(
            "is available, but without a daily limit; `up` makes it usable"
        )
    serverless.server.answers.clear()
    serverless.ok("up")
    serverless.assert_complete()
