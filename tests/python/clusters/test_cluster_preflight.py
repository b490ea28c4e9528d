"""What is refused before anything is changed, in plain words."""

import hashlib
import json
from dataclasses import fields, replace
from datetime import UTC, datetime, timedelta
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from cluster.cost import cost_of, dollars_an_hour
from cluster.wanted import cidrs, locations, role_policy, wanted
from common.aws import Clients
from common.errors import Refused
from common.settings import Cluster, Data, Settings
from load.s3 import list_prefix
from support.aws_server import REGION, Answer, Call, refusal
from support.cluster_account import BUCKET, PROJECT, SETTINGS, STATUS, Account


def refused_with(answer: Answer, _: Call) -> Answer:
    """The same answer to every call."""
    return answer


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
        ({"name": "a" * 40}, "at most 39"),
        ({"region": "us-west"}, 'region "us-west" cannot be used; write a region'),
        ({"node_type": "dc2.large"}, '"dc2.large" cannot be used; write "ra3.large"'),
        ({"nodes": 0}, 'nodes "0" cannot be used; write 1 or more'),
        ({"port": 22}, "5431-5455, 8191-8215"),
        ({"pause_at": "24:00"}, 'write a time of day in UTC, such as "20:00"'),
        ({"role": "mine"}, '[data] role "mine" cannot be used'),
        ({"kms_key": "alias/mine"}, "write the ARN of a key"),
        ({"manifests": ""}, '[data] manifests is "", but Redshift loads from S3'),
        ({"database": "a b"}, 'database "a b" cannot be used'),
        ({"allow_cidrs": []}, "allow_cidrs is empty, so nobody could connect"),
        ({"allow_cidrs": ["0.0.0.0/0"]}, "0.0.0.0/0 is the whole world"),
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
        ({"allow_cidrs": [7]}, "7 must be a text in quotes"),
        ({"events": "data/sample"}, "Redshift loads from S3 only"),
        ({"events": "s3://bucket/*"}, "goes into SQL and into a policy"),
        ({"events": "s3://bucket/${aws:username}"}, "goes into SQL and into a policy"),
        ({"events": "s3://b"}, '"s3://b" is not an S3 address'),
        ({"songs": "s3://bucket/a' iam_role default"}, "goes into SQL and into"),
        ({"songs": "s3://bucket//a"}, "goes into SQL and into"),
        ({"rpu": 12}, "rpu is 12; use 4 where the region has it, or a multiple of 8"),
        ({"rpu": 2}, "rpu is 2"),
        ({"rpu": 16}, "rpu_max is 8"),
        ({"rpu_hours_a_day": 0}, 'rpu_hours_a_day "0" cannot be used; write 1 or more'),
        ({"kind": "serverless", "name": "ab"}, "at least 3 and most 39"),
    ],
)
def test_a_setting_that_cannot_be_right(changed: dict[str, Any], words: str) -> None:
    with pytest.raises(Refused) as refused:
        wanted(settings(**changed))
    assert words in refused.value.message
    assert "\n" not in refused.value.message


def test_ranges_are_sorted_and_told_once() -> None:
    given = ["203.0.113.9", "198.51.100.0/24", "203.0.113.9/32"]
    assert cidrs(settings(allow_cidrs=given).cluster) == [
        "198.51.100.0/24",
        "203.0.113.9/32",
    ]


def test_private_ranges_may_be_wide_and_public_ones_where_that_is_said() -> None:
    assert cidrs(settings(allow_cidrs=["10.0.0.0/8"]).cluster) == ["10.0.0.0/8"]
    wide = settings(allow_cidrs=["8.0.0.0/8"], allow_wide_cidrs=True)
    assert cidrs(wide.cluster) == ["8.0.0.0/8"]


def test_the_policy_names_the_prefixes_and_nothing_else() -> None:
    goal = locations(
        settings(manifests="s3://sparkify-work", events="s3://ab.c/x/").data
    )
    key = "arn:aws-cn:kms:cn-north-1:123456789012:key/0a1b"
    assert role_policy(sorted(goal.values()), "arn:aws-cn:s3:::", key) == {
        "Version": "2012-10-17",
        "Statement": [
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws-cn:s3:::ab.c",
                "Condition": {"StringLike": {"s3:prefix": ["x", "x/*"]}},
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws-cn:s3:::sparkify-data",
                "Condition": {
                    "StringLike": {"s3:prefix": ["song_data", "song_data/*"]}
                },
            },
            {
                "Effect": "Allow",
                "Action": "s3:ListBucket",
                "Resource": "arn:aws-cn:s3:::sparkify-work",
            },
            {
                "Effect": "Allow",
                "Action": "s3:GetBucketLocation",
                "Resource": [
                    "arn:aws-cn:s3:::ab.c",
                    "arn:aws-cn:s3:::sparkify-data",
                    "arn:aws-cn:s3:::sparkify-work",
                ],
            },
            {
                "Effect": "Allow",
                "Action": "s3:GetObject",
                "Resource": [
                    "arn:aws-cn:s3:::ab.c/x/*",
                    "arn:aws-cn:s3:::sparkify-data/song_data/*",
                    "arn:aws-cn:s3:::sparkify-work/*",
                ],
            },
            {"Effect": "Allow", "Action": "kms:Decrypt", "Resource": key},
        ],
    }


def test_an_unknown_price_is_no_error() -> None:
    assert dollars_an_hour("rg.xlarge", 2, True) is None
    line, _ = cost_of(settings(node_type="rg.xlarge", nodes=2).cluster)
    assert "see aws.amazon.com/redshift/pricing for 2 x rg.xlarge" in line
    assert dollars_an_hour("ra3.large", 2, False) == pytest.approx(1.086)


def test_a_bad_setting_ends_the_process_before_any_call(account: Account) -> None:
    account.write(cluster={"allow_cidrs": ["0.0.0.0/0"]})
    assert "0.0.0.0/0 is the whole world" in account.refused("up")
    assert account.server.calls == []


def test_no_credentials(account: Account) -> None:
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del account.environment[key]
    line = account.refused("up")
    assert "no AWS credentials" in line
    assert "aws sso login --profile" in line


def test_profiles_of_aws_login_work(account: Account, tmp_path: Path) -> None:
    """What `aws login` writes needs awscrt, which the requirements hold."""
    for name in ("requirements.txt", "requirements-dev.txt"):
        assert "\nawscrt==" in (PROJECT / name).read_text(encoding="utf-8")
    session = "arn:aws:sts::123456789012:assumed-role/me"
    files = tmp_path.parent / f"{tmp_path.name}-login"
    files.mkdir()
    (files / "config").write_text(f"[default]\nlogin_session = {session}\n")
    soon = (datetime.now(UTC) + timedelta(hours=1)).strftime("%Y-%m-%dT%H:%M:%SZ")
    keys = {"accessKeyId": "test", "secretAccessKey": "test", "sessionToken": "test"}
    token = {
        "accessToken": keys | {"accountId": "123456789012", "expiresAt": soon},
        "tokenType": "urn:aws:params:oauth:token-type:access_token_sigv4",
        "refreshToken": "-",
        "idToken": "-",
        "clientId": "-",
        "dpopKey": "-",
    }
    cached = files / f"{hashlib.sha256(session.encode()).hexdigest()}.json"
    cached.write_text(json.dumps(token))
    for key in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        del account.environment[key]
    account.environment["AWS_CONFIG_FILE"] = str(files / "config")
    account.environment["AWS_LOGIN_CACHE_DIRECTORY"] = str(files)
    if find_spec("awscrt"):
        assert account.run("up", "--dry-run").code == 10
        with account.environment_here():
            listed, _ = list_prefix(
                Clients(REGION).s3, "events", account.settings().data.events
            )
        assert len(listed) == 1
    else:
        assert account.refused("up").endswith("; run `make setup`")


def test_expired_credentials(account: Account) -> None:
    expired = refusal("ExpiredToken", "The security token has expired")
    account.server.answers["sts:GetCallerIdentity"] = lambda _: expired
    line = account.refused(*STATUS)
    assert "credentials have expired; sign in (`aws sso login --profile" in line
    assert "(AWS: The security token has expired, ExpiredToken in GetCaller" in line


def test_a_bucket_that_may_not_be_looked_at_is_named(account: Account) -> None:
    account.server.answers["s3:HeadBucket"] = lambda _: (403, "")
    line = account.refused("up")
    assert f"bucket {BUCKET}: not allowed: s3:ListBucket; " in line
    assert "(AWS: Forbidden, 403 in HeadBucket)" in line


def test_no_default_vpc(account: Account) -> None:
    ec2 = account.server.client("ec2")
    (vpc,) = ec2.describe_vpcs()["Vpcs"]
    for subnet in ec2.describe_subnets()["Subnets"]:
        ec2.delete_subnet(SubnetId=subnet["SubnetId"])
    ec2.delete_vpc(VpcId=vpc["VpcId"])
    line = account.refused("up")
    assert "`aws ec2 create-default-vpc --region us-west-2`" in line
    assert "or set [cluster] subnet_group" in line
    account.write(cluster={"allow_cidrs": ["10.0.0.0/8"], "subnet_group": "none"})
    assert "there is no subnet group none in us-west-2" in account.refused("up")
    assert account.changes == []


def test_a_bucket_elsewhere_or_nowhere(account: Account) -> None:
    account.server.client("s3", "eu-west-1").create_bucket(
        Bucket="sparkify-far",
        CreateBucketConfiguration={"LocationConstraint": "eu-west-1"},
    )
    account.write(data={"songs": "s3://sparkify-far/song_data"})
    line = account.refused("up")
    assert "bucket sparkify-far is in eu-west-1" in line
    assert 'set [data] region to "eu-west-1"' in line
    account.write(data={"songs": "s3://sparkify-none/song_data"})
    assert (
        "bucket sparkify-none: there is no such bucket; check the name"
        in account.refused("up")
    )
    account.write(data={"songs": f"s3://{BUCKET}/song"})
    assert f"there is nothing under s3://{BUCKET}/song/" in account.refused("up")
    assert account.changes == []


def test_a_bad_settings_file_ends_every_command_with_3(account: Account) -> None:
    (account.folder / "w.toml").write_bytes(b"\xff")
    for command in ("up", "status", "pause", "down", "load", "run"):
        assert "w.toml: " in account.refused(command)
    assert account.server.calls == []


def test_a_wrong_clock_and_an_explicit_deny_are_told_in_the_words_of_aws(
    account: Account,
) -> None:
    for code, message, advice in (
        (
            "SignatureDoesNotMatch",
            "Signature expired: 1 is now earlier than 2",
            "clock",
        ),
        ("RequestExpired", "Request has expired.", "clock"),
        (
            "AccessDenied",
            "User x is not authorized to perform: sts:GetCallerIdentity"
            " with an explicit deny in a service control policy",
            "denies it explicitly",
        ),
    ):
        answer = partial(refused_with, refusal(code, message))
        account.server.answers["sts:GetCallerIdentity"] = answer
        line = account.refused("up")
        assert advice in line
        assert f"(AWS: {message}, {code} in GetCallerIdentity)" in line


def test_without_a_host_nothing_is_tried(
    account: Account, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("REDSHIFT_HOST", raising=False)
    for command in ("load", "run"):
        line = account.refused(command, "--target", "redshift")
        assert "REDSHIFT_HOST is not set; `up` prints what to set: vars=$(" in line
    assert account.server.calls == []
    # And dbt by hand tries a name that is nobody's, whatever the network.
    profiles = (PROJECT / "profiles.yml.example").read_text(encoding="utf-8")
    assert "env_var('REDSHIFT_HOST', 'redshift-host-is-not-set.invalid')" in profiles
