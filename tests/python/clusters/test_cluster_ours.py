"""What is ours and what is kept: names and tags, regions, roles, snapshots, pauses."""

import json
import re

from cluster.wanted import allow, document
from support.aws_server import ELSEWHERE, REGION
from support.cluster_account import BOUNDARY, ROLE, STATUS, TAG, Account, resources


def test_a_final_snapshot_is_kept(account: Account) -> None:
    account.ok("up")
    done = account.ok("down", "--yes", "--snapshot", "last")
    (delete,) = (c for c in account.server.calls if c.action == "DeleteCluster")
    assert delete.params["FinalClusterSnapshotIdentifier"] == "last"
    assert delete.params["FinalClusterSnapshotRetentionPeriod"] == "30"
    assert account.left() == {"snapshots": ["last"]}
    assert "snapshot last is kept" in done.out
    account.ok("down", "--yes", "--snapshot", "last")
    account.ok("up")
    line = account.refused("down", "--yes", "--snapshot", "last", code=1)
    assert "ClusterSnapshotAlreadyExists in DeleteCluster" in line
    account.assert_complete()  # it still pauses by itself


def test_nobody_else_is_named_in_the_trust_and_the_region_is_the_settings(
    account: Account,
) -> None:
    account.ok("up")
    for name, service in ((ROLE, "redshift"), (f"{ROLE}-pause", "scheduler.redshift")):
        role = account.server.client("iam").get_role(RoleName=name)["Role"]
        (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
        assert statement["Principal"] == {"Service": f"{service}.amazonaws.com"}
        assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
        assert role["Tags"] == [{"Key": TAG, "Value": "sparkify"}]
    assert account.server.cluster().region == REGION
    policy = account.server.client("iam").get_role_policy(
        RoleName=f"{ROLE}-pause", PolicyName=f"{ROLE}-pause"
    )["PolicyDocument"]
    (statement,) = policy["Statement"]
    assert statement["Action"] == "redshift:PauseCluster"
    assert resources(policy) == {
        "arn:aws:redshift:us-west-2:123456789012:cluster:sparkify"
    }


def test_down_in_one_region_leaves_the_other_regions_cluster_alone(
    account: Account,
) -> None:
    account.ok("up")
    here = account.left()
    account.write(cluster={"region": ELSEWHERE})
    assert "is left in eu-west-1" in account.ok("down", "--yes").out
    assert account.changes == []
    account.ok("up")
    there = account.left(ELSEWHERE)
    assert there["roles"] == [
        "sparkify-eu-west-1-redshift",
        "sparkify-eu-west-1-redshift-pause",
    ]
    assert account.left() == here
    account.ok("down", "--yes")
    assert (account.left(ELSEWHERE), account.left()) == ({}, here)
    account.write()
    account.ok("down", "--yes")
    assert account.left() == {}


def test_a_snapshot_is_restored_as_the_settings_want_it(account: Account) -> None:
    account.ok("up")
    assert "cluster sparkify exists" in account.refused("up", "--snapshot", "last")
    account.ok("down", "--yes", "--snapshot", "last")
    told = account.refused("up", "--snapshot", "first")
    assert "no snapshot first of cluster sparkify in us-west-2; there is last" in told
    account.write(cluster={"nodes": 2})
    told = account.refused("up", "--snapshot", "last")
    assert told.endswith("snapshot last has nodes 1; set it so in [cluster]")
    account.write()
    account.ok("up", "--snapshot", "last")
    assert account.changes[-3:] == [
        "redshift:RestoreFromClusterSnapshot",
        "redshift:CreateTags",
        "redshift:CreateScheduledAction",
    ]
    account.assert_complete()
    (call,) = (c for c in account.server.calls if c.action.startswith("Restore"))
    assert call.params["ManageMasterPassword"] == "true"
    assert call.params["SnapshotClusterIdentifier"] == "sparkify"
    # Killed before it got its tag, it has our role.
    account.server.cluster().tags = []
    account.ok("up")
    assert account.changes == ["redshift:CreateTags"]
    account.server.cluster().tags = []
    account.ok("down", "--yes")
    assert account.changes[0] == "redshift:CreateTags"
    assert account.left() == {"snapshots": ["last"]}


def test_a_cluster_that_a_renamed_setting_forgot_is_named(account: Account) -> None:
    account.ok("up")
    account.write(cluster={"name": "sparkify-new"})
    status = account.ok(*STATUS)
    assert re.search("others +sparkify has our tag, and another", status.out)
    made = account.ok("up")
    assert "`up` made these, too, under other names: sparkify; each costs" in made.err
    account.ok("down", "--yes")
    assert account.left()["clusters"] == ["sparkify"]


def test_pause_at_may_change_or_be_off(account: Account) -> None:
    account.write(cluster={"pause_at": "06:30"})
    account.ok("up")
    key = ("us-west-2", f"{ROLE}-pause")
    assert account.server.schedules[key]["Schedule"] == "cron(30 6 * * ? *)"
    assert account.server.schedules[key]["TargetAction"] == {
        "PauseCluster": {"ClusterIdentifier": "sparkify"}
    }
    account.write()
    account.ok("up")
    assert account.changes == ["redshift:ModifyScheduledAction"]
    assert account.server.schedules[key]["Schedule"] == "cron(0 20 * * ? *)"
    account.write(cluster={"pause_at": ""})
    done = account.ok("up")
    assert "until `pause` or `down`, because pause_at is off" in done.err
    assert account.changes == [
        "redshift:DeleteScheduledAction",
        "iam:DeleteRolePolicy",
        "iam:DeleteRole",
    ]
    assert account.left()["roles"] == [ROLE]
    assert "pauses at" not in account.ok(*STATUS).out


def test_a_role_and_a_key_of_the_users_own_are_attached_and_kept(
    account: Account,
) -> None:
    role = "arn:aws:iam::123456789012:role/readers/mine"
    key = "arn:aws:kms:us-west-2:123456789012:key/0a1b"
    account.ok("up")
    account.write(data={"role": role, "kms_key": key})
    made = {"RoleName": "mine", "Path": "/readers/"}
    iam = account.server.client("iam")
    refused = f"role {role} is not a role of account 123456789012 that trusts redshift"
    assert refused in account.refused("up")
    principal = {"Service": "redshift.amazonaws.com"}
    trust = json.dumps(document(allow("sts:AssumeRole", Principal=principal)))
    theirs = trust.replace("redshift", "ec2")
    iam.create_role(**made, AssumeRolePolicyDocument=theirs)
    assert refused in account.refused("up")
    iam.update_assume_role_policy(RoleName="mine", PolicyDocument=trust)
    account.ok("up")
    assert account.changes == ["iam:PutRolePolicy", "redshift:ModifyClusterIamRoles"]
    cluster = account.server.cluster()
    ours = f"arn:aws:iam::123456789012:role/{ROLE}"
    assert cluster.iam_roles_arn == [ours, role]
    assert cluster.default_iam_role_arn == ours
    assert {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key} in (
        account.policy()["Statement"]
    )
    account.ok("up")
    assert account.changes == []
