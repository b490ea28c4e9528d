"""`up`, `status`, `pause` and `down`: the script as a process, moto as a server."""

import json
import re

from support.aws_server import REGION
from support.cluster_account import BUCKET, MAKING, REMOVING, STATUS, Account, resources

ENVIRONMENT = {
    "REDSHIFT_HOST",
    "REDSHIFT_PORT",
    "REDSHIFT_DATABASE",
    "REDSHIFT_USER",
    "REDSHIFT_CLUSTER",
    "REDSHIFT_REGION",
}


def test_a_life_from_up_to_down(account: Account) -> None:
    made = account.ok("up")
    assert account.changes == MAKING
    account.assert_complete()
    assert "$0.54 an hour" in made.err.splitlines()[0]
    exports = dict(re.findall(r"^export (\w+)=(.+)$", made.out, flags=re.MULTILINE))
    assert exports.keys() == ENVIRONMENT
    assert f"usable: {exports['REDSHIFT_HOST']}:5439/sparkify" in made.err

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
    assert status["dollars_an_hour"] == 0.543
    assert 0 <= status["age_hours"] < 1
    assert (status["drift"], status["message"]) == ([], "")

    account.ok("pause")
    assert account.changes == ["redshift:PauseCluster"]
    assert "is paused; `up` resumes it" in account.ok(*STATUS).out
    account.ok("up")
    assert account.changes == ["redshift:ResumeCluster"]

    removed = account.ok("down", "--yes")
    assert account.changes == REMOVING
    assert account.left() == {}
    assert "nothing tagged sparkify-warehouse = sparkify is left" in removed.out
    nothing = account.ok("down", "--yes")
    assert account.changes == []
    assert "nothing to remove" in nothing.out


def test_a_dry_run_writes_nothing_and_says_with_10_that_there_is_work(
    account: Account,
) -> None:
    planned = account.run("up", "--dry-run")
    assert planned.code == 10
    assert [line[0] for line in planned.out.splitlines()] == ["+"] * len(MAKING)
    assert account.changes == []
    account.make()
    planned = account.run("up", "--dry-run")
    assert (planned.code, planned.out) == (0, "nothing to change\n")
    planned = account.run("down", "--dry-run")
    assert planned.code == 10
    assert [line[0] for line in planned.out.splitlines()] == ["-"] * len(REMOVING)
    assert account.changes == []


def test_what_was_changed_by_hand_is_seen_and_repaired(account: Account) -> None:
    account.make()
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
    role = {"RoleName": "sparkify-redshift"}
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
    cluster.publicly_accessible, cluster.encrypted = False, False
    cluster.node_type, cluster.port = "ra3.xlplus", 5440

    drift = json.loads(account.ok(*STATUS, "--json").out)["cluster"]["drift"]
    for told in (
        "~ role sparkify-redshift: only Redshift may assume it",
        "- policy more of role",
        "- policy arn:aws:iam::123456789012:policy/most of role",
        "- rule of sparkify-redshift: all all ports from 0.0.0.0/0",
        "1 x ra3.xlplus becomes 1 x ra3.large",
        "port 5440 becomes 5439",
        "public False becomes True",
        "encrypted False becomes True",
        "security group none becomes ours",
        "without arn:aws:iam::123456789012:role/else",
    ):
        assert [line for line in drift if told in line], (told, drift)
    account.ok("up")
    assert len(account.changes) == len(drift)
    iam.delete_policy(PolicyArn=managed["Arn"])
    account.assert_complete()
    assert cluster.iam_roles_arn == ["arn:aws:iam::123456789012:role/sparkify-redshift"]
    assert (cluster.publicly_accessible, cluster.encrypted) == (True, True)
    assert (cluster.node_type, cluster.port) == ("ra3.large", 5439)


def test_a_cluster_of_several_nodes_may_be_private_in_a_subnet_group(
    account: Account,
) -> None:
    account.quick = True
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
    assert "has subnet_group inner" in account.refused("up")
    account.server.clusters.clear()
    line = account.refused("up")
    assert re.search(r"group sg-\w+ is in vpc-\w+, the cluster belongs in vpc-", line)


def test_down_asks_first(account: Account) -> None:
    account.make()
    asked = account.run("down", answer="n\n")
    assert asked.code == 3
    assert account.changes == []
    assert "- cluster sparkify with all its data, without a snapshot" in asked.err
    asked = account.run("down", answer="y\n")
    assert asked.code == 0
    assert account.left() == {}


def test_a_final_snapshot_is_kept_as_long_as_asked(account: Account) -> None:
    account.quick = True
    account.make()
    done = account.ok("down", "--yes", "--snapshot", "last", "--snapshot-days", "7")
    (delete,) = (c for c in account.server.calls if c.action == "DeleteCluster")
    assert delete.params["FinalClusterSnapshotIdentifier"] == "last"
    assert delete.params["FinalClusterSnapshotRetentionPeriod"] == "7"
    assert account.left() == {"snapshots": ["last"]}
    assert "snapshot last is kept" in done.out
    account.ok("down", "--yes", "--snapshot", "last")
    account.make()
    assert "snapshot last exists" in account.refused(
        "down", "--yes", "--snapshot", "last"
    )
    assert account.changes == []


def test_nobody_else_is_named_in_the_trust_and_the_region_is_the_settings(
    account: Account,
) -> None:
    account.make()
    role = account.server.client("iam").get_role(RoleName="sparkify-redshift")["Role"]
    (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
    assert statement["Principal"] == {"Service": "redshift.amazonaws.com"}
    assert account.server.cluster().region == REGION
