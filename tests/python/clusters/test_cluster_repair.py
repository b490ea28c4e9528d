"""What differs from the settings is repaired, or named with what to do."""

import re

from support.cluster_account import BUCKET, HERE, Account, resources
from support.cluster_calls import BOUNDARY, OURS, ROLE


def test_other_settings_are_repaired(account: Account) -> None:
    account.ok("up")
    account.write(
        cluster={"allow_cidrs": ["198.51.100.0/24"], "pause_at": "06:30"},
        data={"songs": "s3://sparkify-other/songs"},
    )
    drift = account.status()["drift"]
    planned = account.run("up", "--dry-run")
    assert (planned.exit_code, planned.stdout.splitlines()) == (10, drift)
    assert account.described("up")["changes"] == drift
    assert account.changes == [
        "iam:PutRolePolicy",
        "ec2:RevokeSecurityGroupIngress",
        "ec2:AuthorizeSecurityGroupIngress",
        "redshift:ModifyScheduledAction",
    ]
    assert account.rules() == {("tcp", 5439, 5439, "198.51.100.0/24")}
    assert "arn:aws:s3:::sparkify-other/songs/*" in resources(account.policy())
    assert f"arn:aws:s3:::{BUCKET}/song_data/*" not in resources(account.policy())
    schedule = account.server.schedules["us-west-2", f"{ROLE}-pause"]
    assert schedule["Schedule"] == "cron(30 6 * * ? *)"
    assert resources(account.policy(f"{ROLE}-pause")) == {
        "arn:aws:redshift:us-west-2:123456789012:cluster:sparkify"
    }
    account.write(cluster={"pause_at": ""})
    done = account.ok("up")
    assert "until `pause` or `down`, because pause_at is off" in done.stderr
    assert account.changes[-3:] == [
        "redshift:DeleteScheduledAction",
        "iam:DeleteRolePolicy",
        "iam:DeleteRole",
    ]
    assert account.left()["roles"] == [ROLE]


def test_what_was_changed_by_hand_is_seen_and_repaired(account: Account) -> None:
    account.ok("up")
    account.differ()
    other = "arn:aws:iam::123456789012:role/else"
    assert account.status()["drift"] == [
        f"~ role {ROLE}, for redshift alone",
        f"- policy more of role {ROLE}",
        f"- policy {BOUNDARY} of role {ROLE}",
        "- rule of sparkify-redshift: all from 0.0.0.0/0",
        "~ cluster sparkify: security group none becomes ours",
        f"~ cluster sparkify: role {OURS}, without {other}",
        f"~ scheduled action {ROLE}-pause: pause at 20:00 UTC every day",
    ]
    account.ok("up")
    account.assert_complete()
    assert account.server.cluster().iam_roles_arn == [OURS]


def test_serverless_is_repaired_one_request_for_each(serverless: Account) -> None:
    there = serverless.server.serverless
    serverless.ok("up")
    serverless.differ()
    drift = serverless.status()["drift"]
    assert drift == [
        "~ limit of 16 RPU-hours a day, then no queries",
        *(line for line in drift if "securityGroupIds  becomes sg-" in line),
        "~ workgroup sparkify: port 5440 becomes 5439",
        "~ workgroup sparkify: baseCapacity 16 becomes 8",
        "~ workgroup sparkify: maxCapacity -1 becomes 8",
        f"~ namespace sparkify: role {OURS}",
    ]
    there.slow = 1
    serverless.ok("up")
    assert len(serverless.changes) == len(drift) == 6
    serverless.assert_complete()
    # Another period cannot be changed; what only notifies is left alone.
    (limit,) = there.limits.values()
    there.limits["more"] = limit | {"breachAction": "log", "usageLimitId": "more"}
    limit["period"] = "monthly"
    there.namespaces[HERE]["dbName"] = "other"
    assert "! namespace sparkify: database is other" in serverless.ok("up").stderr
    assert [call.rpartition(":")[2] for call in serverless.changes] == [
        "DeleteUsageLimit",
        "CreateUsageLimit",
    ]
    assert len(there.limits) == 2


def test_what_up_leaves_alone_is_named_with_what_to_do(account: Account) -> None:
    account.ok("up")
    cluster = account.server.cluster()
    cluster.publicly_accessible, cluster.encrypted = False, False
    cluster.node_type, cluster.number_of_nodes, cluster.port = "ra3.xlplus", 2, 5440
    account.write(cluster={"database": "other"})
    done = account.ok("up")
    # A rule for the port that the cluster has; nothing else is touched.
    assert account.changes == [
        "ec2:RevokeSecurityGroupIngress",
        "ec2:AuthorizeSecurityGroupIngress",
    ]
    assert account.rules() == {("tcp", 5440, 5440, "203.0.113.7/32")}
    assert "export REDSHIFT_PORT=5440" in done.stdout
    again = "`down`, then `up`: the next `run` loads all files from S3 again"
    resize = f"resize it in the console (classic resize), or {again}"
    lines = [
        f"! cluster sparkify: {key} is {has}, the settings say {wish}; set it back, or"
        f" {advice}"
        for key, has, wish, advice in (
            ("node_type", "ra3.xlplus", "ra3.large", resize),
            ("nodes", 2, 1, resize),
            ("port", 5440, 5439, again),
            ("public", False, True, again),
            ("encrypted", False, True, again),
            ("database", "sparkify", "other", again),
        )
    ]
    assert done.stderr.splitlines()[-len(lines) - 2 : -2] == lines
    assert account.status()["drift"] == lines
    # A paused cluster of several nodes says that it has one.
    cluster.status = "paused"
    assert "nodes is" not in account.run("up", "--dry-run").stdout


def test_a_cluster_of_several_nodes_may_be_private_in_a_subnet_group(
    account: Account,
) -> None:
    ec2 = account.server.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]
    account.server.client("redshift").create_cluster_subnet_group(
        ClusterSubnetGroupName="inner", Description="-", SubnetIds=[subnet["SubnetId"]]
    )
    private = {"allow_cidrs": ["10.0.0.0/8"], "subnet_group": "inner", "public": False}
    account.write(cluster=private | {"nodes": 2})
    account.ok("up")
    group, create = (
        call.params
        for call in account.server.calls
        if call.action in {"CreateSecurityGroup", "CreateCluster"}
    )
    assert {
        "ClusterSubnetGroupName": "inner",
        "PubliclyAccessible": False,
        "NumberOfNodes": 2,
    }.items() <= create.items()
    assert group["VpcId"] == vpc
    # AWS cannot move a cluster, and a group stays where it was made.
    account.write(cluster={"allow_cidrs": ["10.0.0.0/8"]})
    assert "subnet_group is inner, the settings say default" in account.ok("up").stderr
    account.server.clusters().clear()
    line = account.refused("up")
    assert re.search(r"group sg-\w+ is in vpc-\w+, the cluster belongs in vpc-", line)


def test_a_role_and_a_key_of_the_users_own_are_attached_and_kept(
    account: Account,
) -> None:
    role = "arn:aws:iam::123456789012:role/readers/mine"
    key = "arn:aws:kms:us-west-2:123456789012:key/0a1b"
    account.ok("up")
    account.write(data={"role": role, "kms_key": key})
    account.ok("up")
    assert account.changes == ["iam:PutRolePolicy", "redshift:ModifyClusterIamRoles"]
    cluster = account.server.cluster()
    assert cluster.iam_roles_arn == [OURS, role]
    assert cluster.default_iam_role_arn == OURS
    decrypts = {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key}
    assert decrypts in account.policy()["Statement"]
    account.ok("up")
    assert account.changes == []
