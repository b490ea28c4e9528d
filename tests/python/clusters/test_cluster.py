"""`up`, `status`, `pause` and `down`: the script as a process, moto as a server."""

import json
import re
import subprocess
import sys
from typing import Any

from support.aws_server import REGION
from support.cluster_account import (
    BUCKET,
    MAKING,
    PROJECT,
    REMOVING,
    ROLE,
    STATUS,
    Account,
    resources,
)

ENVIRONMENT = {
    "REDSHIFT_HOST",
    "REDSHIFT_PORT",
    "REDSHIFT_DATABASE",
    "REDSHIFT_USER",
    "REDSHIFT_CLUSTER",
    "REDSHIFT_REGION",
}


def test_a_life_from_up_to_down(account: Account) -> None:
    account.quick = False  # once as people run it
    made = account.ok("up")
    assert account.changes == MAKING
    account.assert_complete()
    whose, *costs = made.err.splitlines()[:3]
    assert whose.startswith("account 123456789012 in us-west-2, as arn:aws:sts::")
    assert costs[0] == (
        "cost: about $0.55 an hour for 1 x ra3.large with its address (on demand,"
        " us-west-2, March 2026), until it pauses at 20:00 UTC"
    )
    assert "$0.40 a month for the secret and $0.024 a month for each GB" in costs[1]
    exports = dict(re.findall(r"^export (\w+)=(.+)$", made.out, flags=re.MULTILINE))
    assert (set(exports), exports["REDSHIFT_USER"]) == (
        ENVIRONMENT,
        "sparkify_builder",
    )
    assert (
        f"usable: {exports['REDSHIFT_HOST']}:5439/sparkify\n"
        'once, as an administrator: the commands under "Users" in docs/redshift.md\n'
    ) in made.err

    account.quick = True
    again = account.ok("up")
    assert account.changes == []
    assert again.out == made.out
    assert "nothing to change" in again.err

    account.write(
        cluster={"allow_cidrs": ["198.51.100.0/24"]},
        data={"songs": "s3://sparkify-other/songs"},
    )
    drift = json.loads(account.ok(*STATUS, "--json").out)["cluster"]["drift"]
    assert account.changes == []
    planned = account.run("up", "--dry-run")
    assert (planned.code, planned.out.splitlines()) == (10, drift)
    account.ok("up")
    assert account.changes == [
        "iam:PutRolePolicy",
        "ec2:RevokeSecurityGroupIngress",
        "ec2:AuthorizeSecurityGroupIngress",
    ]
    assert account.rules() == {("tcp", 5439, 5439, "198.51.100.0/24")}
    assert "arn:aws:s3:::sparkify-other/songs/*" in resources(account.policy())
    assert f"arn:aws:s3:::{BUCKET}/song_data/*" not in resources(account.policy())

    status = json.loads(account.ok(*STATUS, "--json").out)["cluster"]
    assert status["state"] == "available"
    assert status["host"] == exports["REDSHIFT_HOST"]
    assert (status["node_type"], status["nodes"]) == ("ra3.large", 1)
    assert status["dollars_an_hour"] == 0.548
    assert re.fullmatch(r"\d{4}-\d\d-\d\d 20:00", status["pauses_at"])
    assert status["account"] == "123456789012"
    assert 0 <= status["age_hours"] < 1
    assert (status["drift"], status["message"]) == ([], "")

    account.ok("pause")
    assert account.changes == ["redshift:PauseCluster"]
    assert "cluster sparkify is paused; `up` makes it" in account.ok(*STATUS).out
    account.ok("up")
    assert account.changes == ["redshift:ResumeCluster"]

    removed = account.ok("down", "--yes")
    assert account.changes == REMOVING
    assert account.left() == {}
    assert "nothing tagged sparkify-warehouse = sparkify is left" in removed.out
    assert account.ok("down", "--yes").out == removed.out
    assert account.changes == []


def test_a_dry_run_writes_nothing_and_says_with_10_that_there_is_work(
    account: Account,
) -> None:
    planned = account.run("up", "--dry-run")
    assert planned.code == 10
    assert [line[0] for line in planned.out.splitlines()] == ["+"] * len(MAKING)
    assert account.changes == []
    account.ok("up")
    planned = account.run("up", "--dry-run")
    assert (planned.code, planned.out) == (0, "nothing to change\n")
    planned = account.run("down", "--dry-run")
    assert planned.code == 10
    assert [line[0] for line in planned.out.splitlines()] == ["-"] * len(REMOVING)
    assert account.changes == []


def test_what_was_changed_by_hand_is_seen_and_repaired(account: Account) -> None:
    account.ok("up")
    ec2, iam = (account.server.client(service) for service in ("ec2", "iam"))
    (group,) = ec2.describe_security_groups(
        Filters=[{"Name": "group-name", "Values": ["sparkify-redshift"]}]
    )["SecurityGroups"]
    ec2.authorize_security_group_ingress(
        GroupId=group["GroupId"],
        IpPermissions=[
            {
                "IpProtocol": "-1",
                "IpRanges": [{"CidrIp": "0.0.0.0/0"}],
            }
        ],
    )
    role = {"RoleName": ROLE}
    anybody = {"Effect": "Allow", "Principal": {"AWS": "*"}, "Action": "sts:AssumeRole"}
    iam.update_assume_role_policy(
        **role,
        PolicyDocument=json.dumps({"Version": "2012-10-17", "Statement": [anybody]}),
    )
    everything = {"Effect": "Allow", "Action": "s3:*", "Resource": "*"}
    document = json.dumps({"Version": "2012-10-17", "Statement": [everything]})
    iam.put_role_policy(**role, PolicyName="more", PolicyDocument=document)
    managed = iam.create_policy(PolicyName="most", PolicyDocument=document)["Policy"]
    iam.attach_role_policy(**role, PolicyArn=managed["Arn"])
    cluster = account.server.cluster()
    cluster.iam_roles_arn = ["arn:aws:iam::123456789012:role/else"]
    cluster.vpc_security_group_ids = []
    account.server.schedules["us-west-2", f"{ROLE}-pause"]["Enable"] = False

    drift = json.loads(account.ok(*STATUS, "--json").out)["cluster"]["drift"]
    for told in (
        f"~ role {ROLE}, for redshift alone",
        "- policy more of role",
        "- policy arn:aws:iam::123456789012:policy/most of role",
        "- rule of sparkify-redshift: all all ports from 0.0.0.0/0",
        "security group none becomes ours",
        f"~ scheduled action {ROLE}-pause: pause at 20:00 UTC every day",
        "without arn:aws:iam::123456789012:role/else",
    ):
        assert [line for line in drift if told in line], (told, drift)
    account.ok("up")
    assert len(account.changes) == len(drift)
    iam.delete_policy(PolicyArn=managed["Arn"])
    account.assert_complete()
    assert cluster.iam_roles_arn == [f"arn:aws:iam::123456789012:role/{ROLE}"]
    assert account.ok("up").err.count("nothing to change") == 1


def test_what_up_leaves_alone_is_told_with_what_to_do(account: Account) -> None:
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
    resize = "set it back, or resize it in the console (classic resize), or `down`"
    again = "set it back, or `down`, then `up`: the next `run` loads all files from S3"
    for told in (
        f"node_type is ra3.xlplus, the settings say ra3.large; {resize}",
        f"nodes is 2, the settings say 1; {resize}",
        f"port is 5440, the settings say 5439; {again}",
        f"public is False, the settings say True; {again}",
        f"encrypted is False, the settings say True; {again}",
        f"database is sparkify, the settings say other; {again}",
    ):
        assert f"! cluster sparkify: {told}" in done.err
    assert "export REDSHIFT_PORT=5440" in done.out
    planned = account.ok("up", "--dry-run")
    assert [line[0] for line in planned.out.splitlines()] == ["!"] * 6
    drift = json.loads(account.ok(*STATUS, "--json").out)["cluster"]["drift"]
    assert drift == planned.out.splitlines()
    # A paused cluster of several nodes says that it has one.
    cluster.status = "paused"
    assert "nodes is" not in account.run("up", "--dry-run").out


def test_a_cluster_of_several_nodes_may_be_private_in_a_subnet_group(
    account: Account,
) -> None:
    ec2 = account.server.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    subnet = ec2.create_subnet(VpcId=vpc, CidrBlock="10.1.1.0/24")["Subnet"]
    account.server.client("redshift").create_cluster_subnet_group(
        ClusterSubnetGroupName="inner",
        Description="-",
        SubnetIds=[subnet["SubnetId"]],
    )
    account.write(
        cluster={
            "allow_cidrs": ["10.0.0.0/8"],
            "subnet_group": "inner",
            "public": False,
            "nodes": 2,
        }
    )
    account.ok("up")
    (create,) = (c for c in account.server.calls if c.action == "CreateCluster")
    assert create.params["ClusterSubnetGroupName"] == "inner"
    assert create.params["PubliclyAccessible"] == "false"
    assert create.params["NumberOfNodes"] == "2"
    (group,) = (c for c in account.server.calls if c.action == "CreateSecurityGroup")
    assert group.params["VpcId"] == vpc
    # AWS cannot move a cluster, and a group stays where it was made.
    account.write(cluster={"allow_cidrs": ["10.0.0.0/8"]})
    assert "subnet_group is inner, the settings say default" in account.ok("up").err
    account.server.clusters.clear()
    line = account.refused("up")
    assert re.search(r"group sg-\w+ is in vpc-\w+, the cluster belongs in vpc-", line)


def test_down_asks_first(account: Account) -> None:
    account.ok("up")
    asked = account.run("down", answer="n\n")
    assert asked.code == 3
    assert account.changes == []
    assert "- cluster sparkify with all its data, without a snapshot" in asked.err
    asked = account.run("down", answer="y\n")
    assert asked.code == 0
    assert account.left() == {}


def test_json_is_one_object_on_stdout(account: Account) -> None:

    def told(*words: str) -> dict[str, Any]:
        found: dict[str, Any] = json.loads(account.run(*words, "--json").out)
        return found

    assert len(told("up", "--dry-run")["changes"]) == len(MAKING)
    made = told("up")
    assert len(made["changes"]) == len(MAKING)
    assert made["cluster"]["host"]
    assert made["cluster"]["state"] == "available"
    paused = {"name": "sparkify", "region": REGION, "state": "paused"}
    assert told("pause") == {
        "cluster": paused,
        "changes": ["~ cluster sparkify: pause"],
    }
    assert told("pause")["changes"] == []
    assert len(told("down", "--dry-run")["changes"]) == len(REMOVING)
    removed = told("down", "--yes", "--snapshot", "last")
    assert len(removed["changes"]) == len(REMOVING)
    assert removed["snapshots"] == ["last"]


def test_the_documented_line_stops_where_up_fails(account: Account) -> None:
    script = f"{sys.executable} {PROJECT}/scripts/warehouse.py"
    config = f"--config {account.folder}/w.toml"
    line = f'vars=$({script} up {config}) && eval "$vars" && echo $REDSHIFT_HOST'
    account.write(cluster={"allow_cidrs": []})

    def done() -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            ["/bin/sh", "-c", line],
            env=account.environment,
            capture_output=True,
            text=True,
            check=False,
        )

    failed = done()
    assert (failed.returncode, failed.stdout) == (3, "")
    account.write()
    assert done().stdout.startswith("sparkify.")
