"""What AWS and other people put in the way, each with its own message."""

from collections.abc import Iterator
from typing import Any

import pytest
from botocore import xform_name
from cluster import apply
from cluster.status import require_usable
from common.errors import Refused
from support.aws_server import Answer, Answerer, Call, ec2_refusal, refusal
from support.cluster_account import BOUNDARY, MAKING, ROLE, STATUS, Account

# --timeout is in minutes; half a second is enough to see that it ends
SOON = ("--timeout", "0.01")


def answering(*answers: Answer | None) -> Answerer:
    """Give these answers in turn, and then leave it to moto."""
    rest = iter(answers)
    return lambda _: next(rest, None)


def looking(account: Account, *looks: dict[str, Any]) -> Answerer:
    """Let the cluster look like this at one description after the other."""
    rest: Iterator[dict[str, Any]] = iter(looks)

    def answer(_: Call) -> None:
        try:
            cluster = account.server.cluster()
        except KeyError:
            return  # it is not there yet
        for key, value in next(rest, {}).items():
            if key == "apply_status":
                roles = [
                    {"IamRoleArn": arn, "ApplyStatus": value}
                    for arn in cluster.iam_roles_arn
                ]
                # moto always tells in-sync, from a property of the class.
                told = type("Telling", (type(cluster),), {"iam_roles": roles})
                cluster.__class__ = told
            else:
                setattr(cluster, key, value)

    return answer


@pytest.mark.parametrize("kind", ["cluster", "role", "security group"])
def test_what_is_not_ours_is_never_touched(account: Account, kind: str) -> None:
    of = account.server.client
    if kind == "cluster":
        of("redshift").create_cluster(
            ClusterIdentifier="sparkify",
            NodeType="ra3.large",
            MasterUsername="them",
            ManageMasterPassword=True,
        )
        commands: list[tuple[str, ...]] = [("up",), ("down", "--yes"), ("pause",)]
        commands.append(
            (
                "status",
                "--target",
                "redshift",
            )
        )
    elif kind == "role":
        of("iam").create_role(
            RoleName=ROLE,
            AssumeRolePolicyDocument="{}",
            Tags=[{"Key": "sparkify-warehouse", "Value": "another"}],
        )
        commands = [("up",), ("down", "--yes")]
    else:
        (vpc,) = of("ec2").describe_vpcs()["Vpcs"]
        of("ec2").create_security_group(
            GroupName="sparkify-redshift", Description="-", VpcId=vpc["VpcId"]
        )
        commands = [("up",), ("down", "--yes")]
    before = account.left()
    for command in commands:
        line = account.refused(*command)
        assert f"{kind} sparkify" in line
        assert "exists and is not ours" in line
        assert account.changes == []
    assert account.left() == before


def test_a_role_that_redshift_does_not_know_yet_is_tried_again(
    account: Account,
) -> None:
    unknown = refusal(
        "InvalidParameterValue",
        "The IAM role sparkify-redshift is not valid. The IAM role must delegate"
        " access to an Amazon Redshift account.",
    )
    account.server.answers["redshift:CreateCluster"] = lambda _: unknown
    line = account.refused("up", *SOON, code=4)
    assert "The IAM role must delegate access" in line
    account.server.answers["redshift:CreateCluster"] = answering(unknown, unknown)
    done = account.ok("up")
    assert account.changes == ["redshift:CreateCluster"] * 3 + MAKING[-1:]
    assert 'AWS says "The IAM role sparkify-redshift is not valid.' in done.err
    account.assert_complete()


def test_available_is_not_yet_usable(account: Account) -> None:
    account.server.answers["redshift:DescribeClusters"] = looking(
        account,
        {"status": "creating", "cluster_availability_status": "Unavailable"},
        {"status": "available", "cluster_availability_status": "Modifying"},
        {"cluster_availability_status": "Available", "apply_status": "adding"},
        {"apply_status": "in-sync"},
    )
    done = account.ok("up")
    told = ("creating", "available, but modifying", "available, role adding")
    places = [done.err.index(f"cluster sparkify: {text} (") for text in told]
    assert places == sorted(places)


def test_a_hopeless_cluster_is_not_waited_for(account: Account) -> None:
    account.ok("up")
    account.server.cluster().status = "incompatible-network"
    line = account.refused("up", code=1)
    assert "is incompatible-network, which does not pass; look at it in" in line
    assert account.changes == []
    assert "is incompatible-network" in account.ok(*STATUS).out
    account.ok("down", "--yes")
    assert account.left() == {}


def test_out_of_time_can_be_resumed(account: Account) -> None:
    account.server.answers["redshift:DescribeClusters"] = looking(
        account, {"status": "creating"}
    )
    line = account.refused("up", *SOON, code=4)
    assert "still creating" in line
    assert "run the same command again" in line
    assert account.changes == MAKING  # the pause, too, though it is not usable yet
    planned = account.run("up", "--dry-run")
    assert planned.code == 10
    assert "> cluster sparkify: wait until it is usable (now creating)" in planned.out
    account.server.answers.clear()
    account.server.cluster().status = "available"
    account.ok("up")
    assert account.changes == []
    account.assert_complete()


def test_a_security_group_that_is_in_use_is_tried_again_and_its_holder_named(
    account: Account,
) -> None:
    account.ok("up")
    used = ec2_refusal("DependencyViolation", "resource has a dependent object")
    account.server.answers["ec2:DeleteSecurityGroup"] = lambda _: used
    ec2 = account.server.client("ec2")
    (group,) = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["sparkify-redshift"]}]
    )["SecurityGroups"]
    subnet = ec2.describe_subnets()["Subnets"][0]["SubnetId"]
    holder = ec2.create_network_interface(
        SubnetId=subnet, Groups=[group["GroupId"]], Description="RedshiftNetwork"
    )["NetworkInterface"]["NetworkInterfaceId"]
    line = account.refused("down", "--yes", *SOON, code=4)
    assert f"{holder} (RedshiftNetwork)" in line
    assert "run the same command again" in line
    account.server.answers["ec2:DeleteSecurityGroup"] = answering(used, used)
    done = account.ok("down", "--yes")
    assert 'sparkify-redshift: AWS says "resource has a dependent object"' in done.err
    assert account.left() == {}


def test_another_change_that_is_running_is_waited_for(account: Account) -> None:
    account.ok("up")
    busy = refusal("InvalidClusterState", "There is an operation running")
    account.server.answers["redshift:PauseCluster"] = answering(busy)
    account.server.answers["redshift:DeleteCluster"] = answering(busy)
    done = account.ok("pause")
    assert 'cluster sparkify: pause: AWS says "There is an operation runn' in done.err
    done = account.ok("down", "--yes")
    assert 'AWS says "There is an operation running"' in done.err
    assert account.left() == {}


def test_a_state_that_does_not_pass_ends_with_the_words_of_aws(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.ok("up")
    monkeypatch.setattr(apply, "STALE_MINUTES", 0)
    never = refusal("InvalidClusterState", "You cannot pause an unencrypted cluster")
    account.server.answers["redshift:PauseCluster"] = lambda _: never
    line = account.refused("pause", code=1)
    assert "(AWS: You cannot pause an unencrypted cluster, InvalidClusterState" in line


def test_a_cluster_that_vanishes_ends_the_wait(account: Account) -> None:
    looks = iter(range(5))

    def answer(_: Call) -> None:
        if next(looks, None) is None:
            account.server.clusters.pop("sparkify", None)
        elif account.server.clusters:
            account.server.cluster().status = "creating"

    account.server.answers["redshift:DescribeClusters"] = answer
    line = account.refused("up", "--timeout", "0.1", code=1)
    assert "cluster sparkify is gone: somebody removed it meanwhile; run `up`" in line


def test_a_boundary_that_no_administrator_made_is_named_with_its_command(
    account: Account,
) -> None:
    account.server.client("iam").delete_policy(PolicyArn=BOUNDARY)
    line = account.refused("up")
    assert account.changes == ["iam:CreateRole"]
    assert (
        "`aws iam create-policy --policy-name sparkify-boundary --policy-document"
        " file://scripts/cluster/boundary_policy.json`" in line
    )
    assert "does not exist or is not attachable" in line
    account.server.answers["iam:CreateRole"] = lambda _: refusal("AccessDenied", "no")
    assert "--policy-name sparkify-boundary" in account.refused("up")


def test_a_missing_or_paused_cluster_says_so(account: Account) -> None:
    missing = "there is no cluster sparkify in us-west-2; `up` makes it"
    assert missing in account.refused("pause")
    assert missing in account.ok(*STATUS).out
    assert missing in account.refused("down", "--yes", "--snapshot", "last")
    with account.environment_here(), pytest.raises(Refused, match=missing):
        require_usable(account.settings())
    account.ok("up")
    with account.environment_here():
        account.server.calls = []
        assert require_usable(account.settings()).user == "awsuser"
        assert [str(c) for c in account.server.calls] == ["redshift:DescribeClusters"]
    account.server.cluster().status = "paused"
    paused = "cluster sparkify is paused; `up` makes it usable"
    with account.environment_here(), pytest.raises(Refused, match=paused):
        require_usable(account.settings())
    assert paused in account.ok(*STATUS).out
    assert "cluster sparkify is paused" in account.ok("pause").out
    assert account.changes == []


def test_a_cluster_on_its_way_out_is_waited_for_and_made_again(
    account: Account,
) -> None:
    account.ok("up")
    cluster, clusters = account.server.cluster(), account.server.clusters
    cluster.status = "deleting"
    cluster.redshift_backend.delete_automated_snapshots("sparkify")
    looks = iter([1, 2])

    def answer(_: Call) -> None:
        if next(looks, None) is None and clusters.get("sparkify") is cluster:
            del clusters["sparkify"]

    account.server.answers["redshift:DescribeClusters"] = answer
    account.server.client("secretsmanager").delete_secret(
        SecretId="redshift!sparkify-awsuser", ForceDeleteWithoutRecovery=True
    )
    account.ok("up")
    assert account.changes == ["redshift:CreateCluster"]
    account.assert_complete()


def test_a_change_that_does_not_last_is_an_error(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(apply, "STALE_MINUTES", 0)
    account.ok("up")
    account.write(cluster={"allow_cidrs": ["198.51.100.0/24"]})
    same = "<AuthorizeSecurityGroupIngressResponse/>"
    account.server.answers["ec2:AuthorizeSecurityGroupIngress"] = lambda _: (200, same)
    line = account.refused("up", code=1)
    assert "changed, but not as it should be: + rule of sparkify-redshift" in line


def test_an_interrupted_up_says_what_state_things_are_in(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(_: float) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("time.sleep", interrupt)
    account.server.answers["redshift:DescribeClusters"] = looking(
        account, {"status": "creating"}
    )
    line = account.refused("up", code=130)
    assert "interrupted; what was done stays, and AWS goes on; the same command" in line
    assert account.changes == MAKING


def test_what_somebody_else_was_quicker_to_do_is_done(account: Account) -> None:
    ec2 = account.server.client("ec2")

    def quicker(call: Call) -> None:
        done = getattr(ec2, xform_name(call.action))
        done(**call.nested)

    account.server.answers["ec2:AuthorizeSecurityGroupIngress"] = quicker
    account.ok("up")
    account.assert_complete()
    account.server.answers["ec2:DeleteSecurityGroup"] = quicker
    account.ok("down", "--yes")
    assert account.left() == {}
