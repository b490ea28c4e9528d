"""What is refused of Serverless before anything is changed, and what is waited for."""

import json
import re
from typing import Any

import pytest
from common.errors import Refused
from common.settings import read_settings
from moto.backends import get_backend
from support.aws_serverless import error
from support.cluster_account import Account
from support.serverless_account import HERE


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
KEPT = 'remove them, or set `kind = "provisioned"`'


@pytest.mark.parametrize(
    ("lines", "told"),
    [
        (
            "node_type = 'ra3.large'\npause_at = ''",
            f"has node_type, pause_at, but its kind is serverless; {KEPT}",
        ),
        ("nodes = 1", KEPT),
        ("subnet_group = 'mine'", KEPT),
        ("kind = 'serverless'\nnodes = 2", KEPT),
        (
            "kind = 'provisioned'\nrpu = 8\nsubnets = []",
            "[cluster] has rpu, subnets, but its kind is provisioned; remove them, or"
            ' set `kind = "serverless"`',
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
