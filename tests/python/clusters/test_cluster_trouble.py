"""What AWS and other people put in the way, each with its own message."""

from collections.abc import Callable
from typing import Any

import pytest
from botocore import xform_name
from cluster import apply
from cluster.existing import not_usable
from cluster.status import require_usable
from common.errors import Refused
from support.aws_server import REGION, Call
from support.cluster_account import HERE, STATUS, TAG, Account
from support.cluster_calls import BOUNDARY, MAKING, ROLE


def their_cluster(account: Account) -> None:
    account.server.client("redshift").create_cluster(
        ClusterIdentifier="sparkify",
        NodeType="ra3.large",
        MasterUsername="them",
        ManageMasterPassword=True,
    )


def their_role(account: Account) -> None:
    account.server.client("iam").create_role(
        RoleName=ROLE,
        AssumeRolePolicyDocument="{}",
        Tags=[{"Key": TAG, "Value": "another"}],
    )


def their_group(account: Account) -> None:
    ec2 = account.server.client("ec2")
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    name = {"GroupName": "sparkify-redshift", "Description": "-"}
    ec2.create_security_group(**name, VpcId=vpc["VpcId"])


def their_namespace(account: Account) -> None:
    theirs = {"namespaceName": "sparkify", "adminUsername": "them"}
    call = Call("redshift-serverless", "CreateNamespace", REGION, theirs)
    account.server.serverless.answer(set(), call)


def their_workgroup(account: Account) -> None:
    account.ok("up")
    there = account.server.serverless
    there.tags[there.workgroups[HERE]["workgroupArn"]] = {}


@pytest.mark.parametrize(
    ("kind", "theirs", "what"),
    [
        ("provisioned", their_cluster, "cluster"),
        ("provisioned", their_role, "role"),
        ("provisioned", their_group, "security group"),
        ("serverless", their_namespace, "namespace"),
        ("serverless", their_workgroup, "workgroup"),
    ],
)
def test_what_is_not_ours_is_never_touched(
    account: Account, kind: str, theirs: Callable[[Account], None], what: str
) -> None:
    account.kind = kind
    account.write()
    theirs(account)
    before = account.left()
    for command in (("up",), ("down", "--yes"), ("pause",), STATUS):
        line = account.refused(*command)
        assert f"{what} sparkify" in line
        assert "exists and is not ours" in line
        assert account.changes == []
    assert account.left() == before
    if what in {"cluster", "workgroup"}:
        with account.environment_here(), pytest.raises(Refused, match="is not ours"):
            require_usable(account.settings())


# The kind, the command, its call, AWS's answer, and the exit code if AWS goes on so.
PASSING = """
provisioned up redshift:CreateCluster InvalidParameterValue 1 The IAM role is not valid
provisioned pause redshift:PauseCluster InvalidClusterState 1 An operation is running
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
    assert f'AWS says "{words}' in account.ok(*command).err
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
    ("key", "value", "reason"),
    [
        ("ClusterStatus", "available", ""),
        ("ClusterStatus", "creating", "creating"),
        ("ClusterAvailabilityStatus", "Modifying", "available, but modifying"),
        ("Endpoint", {}, "available, but without an endpoint"),
        ("IamRoles", [{"ApplyStatus": "adding"}], "available, role adding"),
        (
            "VpcSecurityGroups",
            [{"Status": "adding"}],
            "available, security group adding",
        ),
    ],
)
def test_available_is_not_yet_usable(key: str, value: Any, reason: str) -> None:
    assert not_usable(USABLE | {key: value}) == reason


def test_a_hopeless_cluster_is_not_waited_for(account: Account) -> None:
    account.ok("up")
    account.server.cluster().status = "incompatible-network"
    line = account.refused("up", code=1)
    assert "is incompatible-network, which does not pass; look at it in" in line
    assert account.changes == []
    assert "is incompatible-network" in account.ok(*STATUS).out
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
    assert planned.code == 10
    assert "> cluster sparkify: wait until it is usable (now creating)" in planned.out

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


def test_a_cluster_that_vanishes_ends_the_wait(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks = iter(range(5))

    def answer(_: Call) -> None:
        if next(looks, None) is None:
            account.server.clusters().pop("sparkify", None)
        elif account.server.clusters():
            account.server.cluster().status = "creating"

    monkeypatch.setattr(apply, "STALE_MINUTES", 0.001)
    account.server.answers["redshift:DescribeClusters"] = answer
    line = account.refused("up", code=1)
    assert "cluster sparkify is gone: somebody removed it meanwhile; run `up`" in line


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


def test_a_missing_or_paused_cluster_says_so(account: Account) -> None:
    missing = "there is no cluster sparkify in us-west-2; `up` makes it"
    assert missing in account.refused("pause")
    assert missing in account.ok(*STATUS).out
    with account.environment_here(), pytest.raises(Refused, match=missing):
        require_usable(account.settings())
    account.ok("up")
    with account.environment_here():
        account.server.calls = []
        require_usable(account.settings())
        assert [str(c) for c in account.server.calls] == ["redshift:DescribeClusters"]
    account.server.cluster().status = "paused"
    paused = "cluster sparkify is paused; `up` makes it usable"
    with account.environment_here(), pytest.raises(Refused, match=paused):
        require_usable(account.settings())
    assert "cluster sparkify is paused" in account.ok("pause").out
    assert account.changes == []


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
    assert (done.code, done.out) == (1, "")
    assert "usable: " not in done.err
    if failing.endswith("CreateUsageLimit"):
        line = "not usable, because its daily limit is not in place: AWS refused"
        assert line in done.err.splitlines()[-1]
        status = serverless.status()
        assert status["dollars_a_day"] is None
        assert status["message"].endswith(
            "is available, but without a daily limit; `up` makes it usable"
        )
    serverless.server.answers.clear()
    serverless.ok("up")
    serverless.assert_complete()
