"""What is refused before anything is changed, in plain words."""

from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pytest
from cluster.provisioned import cost
from cluster.wanted import allow, cidrs, document, locations, role_policy, wanted
from common.errors import Refused
from common.settings import PROJECT, Cluster, Data, Settings, read_settings
from moto.backends import get_backend
from support.aws_server import ACCOUNT, ELSEWHERE, REGION
from support.cluster_account import BUCKET, HERE, SETTINGS, Account

DATA_KEYS = {item.name for item in fields(Data)} - {"region"}


def settings(**changed: Any) -> Settings:
    """The usual settings with these changes; `region` is the cluster's."""
    data, cluster = Data(**SETTINGS["data"]), Cluster(**SETTINGS["cluster"])
    of_data = {key: changed.pop(key) for key in DATA_KEYS & changed.keys()}
    return Settings(replace(data, **of_data), replace(cluster, **changed))


@pytest.mark.parametrize(
    ("changed", "words"),
    [
        ({"name": "Sparkify"}, 'name "Sparkify" cannot be used'),
        ({"name": "a--b"}, 'name "a--b" cannot be used'),
        ({"name": "a-"}, 'name "a-" cannot be used'),
        ({"name": "sg-a"}, 'name "sg-a" cannot be used'),
        ({"name": "a" * 40}, "3 to 32 lower case letters"),
        ({"region": "us-west"}, 'region "us-west" cannot be used; write a region'),
        ({"nodes": 0}, 'nodes "0" cannot be used; write 1 or more'),
        ({"port": 22}, "5431-5455, 8191-8215"),
        ({"pause_at": "24:00"}, 'write a time of day in UTC, such as "20:00"'),
        ({"role": "mine"}, '[data] role "mine" cannot be used'),
        ({"kms_key": "alias/mine"}, "write the ARN of a key"),
        ({"manifests": ""}, 'manifests in [data] of warehouse.toml: "" is not an S3'),
        ({"database": "a b"}, 'database "a b" cannot be used'),
        ({"allow_cidrs": []}, "allow_cidrs is empty, so nobody could connect"),
        ({"allow_cidrs": ["::/0"]}, "write an IPv4 range"),
        ({"allow_cidrs": ["0.0.0.0/1", "128.0.0.0/1"]}, "is the whole world"),
        ({"allow_cidrs": ["8.0.0.0/15"]}, "8.0.0.0/15 is wider than a /16"),
        ({"allow_cidrs": ["8.0.0.0/16", "8.1.0.0/16"]}, "8.0.0.0/15 is wider than"),
        (
            {"allow_cidrs": ["0.0.0.0/0"], "allow_wide_cidrs": True},
            "is the whole world",
        ),
        ({"allow_cidrs": ["203.0.113.7/24"]}, "has host bits set"),
        ({"allow_cidrs": ["home"]}, 'write an IPv4 range like "203.0.113.7/32"'),
        ({"allow_cidrs": [7]}, "Expected 4 octets in '7'"),
        (
            {"events": "data/sample"},
            'warehouse.toml: "data/sample" is not an S3 address',
        ),
        ({"events": "s3://bucket/*"}, "goes into SQL and into a policy"),
        ({"events": "s3://bucket/${aws:username}"}, "goes into SQL and into a policy"),
        ({"songs": "s3://bucket/a' iam_role default"}, "goes into SQL and into"),
        ({"songs": "s3://bucket//a"}, "goes into SQL and into"),
        ({"rpu": 12}, "rpu is 12; use 4 where the region has it, or a multiple of 8"),
        ({"rpu": 16}, "rpu_max is 8"),
        ({"rpu_hours_a_day": 0}, 'rpu_hours_a_day "0" cannot be used; write 1 or more'),
        ({"kind": "serverless", "name": "ab"}, "3 to 32 lower case letters"),
    ],
)
def test_a_setting_that_cannot_be_right(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused) as refused:
        wanted(settings(**changed))
    assert words in refused.value.message
    assert "\n" not in refused.value.message


def test_ranges_are_sorted_and_named_once_and_may_be_wide_where_that_is_said() -> None:
    given = ["203.0.113.9", "198.51.100.0/24", "203.0.113.9/32", "10.0.0.0/8"]
    assert cidrs(settings(allow_cidrs=given).cluster) == [
        "10.0.0.0/8",
        "198.51.100.0/24",
        "203.0.113.9/32",
    ]
    wide = settings(allow_cidrs=["8.0.0.0/8"], allow_wide_cidrs=True)
    assert cidrs(wide.cluster) == ["8.0.0.0/8"]


def test_the_policy_names_the_prefixes_and_nothing_else() -> None:
    goal = locations(
        settings(manifests="s3://sparkify-work", events="s3://ab.c/x/").data
    )
    key, arn = "arn:aws-cn:kms:cn-north-1:123456789012:key/0a1b", "arn:aws-cn:s3:::"
    lists = [
        allow("s3:ListBucket", Resource=f"{arn}{bucket}", Condition=condition)
        for bucket, condition in (
            ("ab.c", {"StringLike": {"s3:prefix": ["x", "x/*"]}}),
            (BUCKET, {"StringLike": {"s3:prefix": ["song_data", "song_data/*"]}}),
        )
    ]
    buckets = [f"{arn}ab.c", f"{arn}{BUCKET}", f"{arn}sparkify-work"]
    objects = [f"{arn}ab.c/x/*", f"{arn}{BUCKET}/song_data/*", f"{arn}sparkify-work/*"]
    assert role_policy(sorted(goal.values()), arn, key) == document(
        *lists,
        allow("s3:ListBucket", Resource=f"{arn}sparkify-work"),
        allow("s3:GetBucketLocation", Resource=buckets),
        allow("s3:GetObject", Resource=objects),
        allow("kms:Decrypt", Resource=key),
    )


def test_an_unknown_price_is_no_error() -> None:
    line = cost(settings(node_type="rg.xlarge", nodes=2).cluster)
    assert "see AWS's prices for 2 x rg.xlarge" in line


def test_a_bad_setting_ends_every_command_before_any_call(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    account.write(cluster={"allow_cidrs": ["0.0.0.0/0"]})
    assert "0.0.0.0/0 is the whole world" in account.refused("up")
    monkeypatch.delenv("REDSHIFT_HOST", raising=False)
    for command in ("load", "run"):
        line = account.refused(command, "--target", "redshift")
        assert "REDSHIFT_HOST is not set; `up` prints what to set: vars=$(" in line
    account.config.write_bytes(b"\xff")
    for command in ("up", "status", "pause", "down", "load", "run"):
        assert "w.toml: " in account.refused(command)
    assert account.server.calls == []
    # And dbt by hand tries a name that resolves nowhere.
    profiles = (PROJECT / "profiles.yml.example").read_text(encoding="utf-8")
    assert "env_var('REDSHIFT_HOST', 'redshift-host-is-not-set.invalid')" in profiles


OLD = "[data]\n[cluster]\nname = 'sparkify'\n"


@pytest.mark.parametrize(
    ("lines", "words"),
    [
        (
            "node_type = 'ra3.large'\npause_at = ''\nnodes = 1\nsubnet_group = 'mine'",
            "[cluster] has node_type, nodes, pause_at, subnet_group, but its kind is"
            ' serverless; remove them, or set `kind = "provisioned"`',
        ),
        (
            "kind = 'provisioned'\nrpu = 8\nsubnets = []",
            "[cluster] has rpu, subnets, but its kind is provisioned; remove them, or"
            ' set `kind = "serverless"`',
        ),
        ("kind = 'both'", "kind in [cluster] must be serverless or provisioned"),
    ],
)
def test_a_settings_file_says_its_kind(tmp_path: Path, lines: str, words: str) -> None:
    path = tmp_path / "w.toml"
    path.write_text(OLD + lines)
    with pytest.raises(Refused) as refused:
        read_settings(path)
    assert words in refused.value.message
    path.write_text(OLD)
    assert read_settings(path).cluster.kind == "serverless"


def test_no_credentials(account: Account) -> None:
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del account.environment[key]
    line = account.refused("up")
    assert "no AWS credentials" in line
    assert "aws sso login --profile" in line


IDENTITY = "sts:GetCallerIdentity"
DENIED = "User x is not authorized to perform: y with an explicit deny in a policy"


@pytest.mark.parametrize(
    ("call", "code", "message", "advice"),
    [
        (IDENTITY, "ExpiredToken", "It has expired", "have expired; sign in (`aws sso"),
        (IDENTITY, "SignatureDoesNotMatch", "Signature expired: 1", "set the clock"),
        (IDENTITY, "AccessDenied", DENIED, "denies it explicitly"),
        ("s3:HeadBucket", "403", "Forbidden", "s3:ListBucket; scripts/cluster/oper"),
    ],
)
def test_what_aws_refuses_comes_with_advice_and_its_words(
    account: Account, call: str, code: str, message: str, advice: str
) -> None:
    account.server.refuse(call, code, message)
    line = account.refused("up")
    assert advice in line
    assert f"(AWS: {message}, {code} in {call.partition(':')[2]}" in line


def test_a_bucket_elsewhere_or_nowhere(account: Account) -> None:
    account.server.client("s3", ELSEWHERE).create_bucket(
        Bucket="sparkify-far",
        CreateBucketConfiguration={"LocationConstraint": ELSEWHERE},
    )
    for songs, words in (
        ("s3://sparkify-far/song_data", "bucket sparkify-far is in eu-west-1"),
        ("s3://sparkify-far/song_data", 'set [data] region to "eu-west-1"'),
        (
            "s3://sparkify-none/a",
            "bucket sparkify-none: there is no such bucket",
        ),
        (f"s3://{BUCKET}/song", f"there is nothing under s3://{BUCKET}/song/"),
    ):
        account.write(data={"songs": songs})
        assert words in account.refused("up")
        assert account.changes == []


def test_no_default_vpc(account: Account) -> None:
    ec2 = account.server.client("ec2")
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    line = account.refused("up")
    assert "`aws ec2 create-default-vpc --region us-west-2`" in line
    assert "or set [cluster] subnet_group" in line
    account.write(cluster={"subnet_group": "none"})
    assert "there is no subnet group none in us-west-2" in account.refused("up")
    account.kind = "serverless"
    account.write()
    assert "there is no default VPC with subnets" in account.refused("up")
    assert account.changes == []


def subnets(account: Account, zones: str = "ab") -> list[str]:
    """Two subnets of a VPC of their own, in these zones."""
    ec2 = account.server.client("ec2")
    vpc = ec2.create_vpc(CidrBlock="10.1.0.0/16")["Vpc"]["VpcId"]
    return [
        ec2.create_subnet(
            VpcId=vpc,
            CidrBlock=f"10.1.{number}.0/24",
            AvailabilityZone=f"us-west-2{zone}",
        )["Subnet"]["SubnetId"]
        for number, zone in enumerate(zones)
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
    one_zone = refused(subnets(serverless, "aa"))
    assert "the subnets are in 1 zones, and AWS wants 2" in one_zone
    assert "are in several VPCs" in refused([good[0], other[1]])
    full = get_backend("ec2")[ACCOUNT][REGION].get_subnet(good[1])
    most, full._available_ip_addresses = full._available_ip_addresses, 2
    assert f"fewer than 3 free addresses in {good[1]}" in refused(good)
    full._available_ip_addresses = most
    serverless.write(cluster=allowed | {"subnets": good})
    serverless.ok("up")
    made = serverless.server.serverless.workgroups[HERE]
    assert (made["subnetIds"], made["publiclyAccessible"]) == (good, False)
    made["enhancedVpcRouting"] = True
    assert "in 2 zones, and AWS wants 3" in refused(good)
