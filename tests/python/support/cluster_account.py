"""One account, one settings file, and the command line against them."""

import json
import multiprocessing
import signal
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner, Result
from cluster import apply
from cluster.status import require_usable
from common.errors import Refused
from common.settings import Settings, read_settings
from moto.backends import get_backend
from warehouse import cli

from support.aws_models import Refusal
from support.aws_server import ACCOUNT, ELSEWHERE, REGION, AwsServer, Call
from support.cluster_calls import BOUNDARY, COMPLETE, MAKING, ROLE, TRUSTED
from support.iam_logic import (
    ANYBODY,
    EVERYTHING,
    FOLDER,
    Check,
    allows,
    checks,
    listed,
)

TAG = "sparkify-warehouse"
STATUS = ("status", "--target", "redshift")
BUCKET = "sparkify-data"
SETTINGS: dict[str, dict[str, Any]] = {
    "data": {
        "events": f"s3://{BUCKET}/log_data",
        "songs": f"s3://{BUCKET}/song_data",
        "manifests": "s3://sparkify-work/manifests",
        "region": REGION,
    },
    "cluster": {"kind": "provisioned", "allow_cidrs": ["203.0.113.7/32"]},
}
HERE = (REGION, "sparkify")
OBJECTS = {
    BUCKET: ("log_data/1.json", "song_data/A.json"),
    "sparkify-other": ("songs/A.json",),
    "sparkify-work": (),
}


@dataclass
class Account:
    """Runs `warehouse.py`, and knows what is in the account."""

    server: AwsServer
    config: Path
    kind: str = ""
    minutes: float = 1  # to wait for one thing
    environment: dict[str, str] = field(default_factory=dict)

    def reset(self, kind: str) -> None:
        """Begin with the buckets and the boundary alone, and the usual settings."""
        self.server.reset()
        self.environment = {
            "AWS_ENDPOINT_URL": self.server.url,
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
        }
        s3, iam = get_backend("s3")[ACCOUNT]["aws"], get_backend("iam")[ACCOUNT]["aws"]
        for bucket, keys in OBJECTS.items():
            s3.create_bucket(bucket, REGION)
            for key in keys:
                s3.put_object(bucket, key, b"{}")
        text = (FOLDER / "boundary_policy.json").read_text()
        iam.create_policy("", "/", text, "sparkify-boundary", [])
        self.kind = kind
        self.write()

    def write(self, **tables: dict[str, Any]) -> None:
        """Write the settings file, with these keys in place of the usual ones."""
        lines = []
        kind = {"cluster": {"kind": self.kind}}
        for table, usual in SETTINGS.items():
            lines.append(f"[{table}]")
            changed = kind.get(table, {}) | tables.get(table, {})
            for key, value in (usual | changed).items():
                lines.append(f"{key} = {json.dumps(value)}")
        self.config.write_text("\n".join(lines))

    def run(self, *arguments: str, answer: str = "") -> Result:
        """Run a command to its end, within this process."""
        self.server.before = len(self.server.calls)
        command = [*arguments, "--config", str(self.config)]
        with self.environment_here():
            result = CliRunner().invoke(cli, command, input=answer)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return result

    def killed(self, arguments: list[str], number: int, when: str) -> bool:
        """Run a command in a process that is killed before or after a changing call.

        The process is forked from this one, which has imported all it needs. False
        where it ended by itself.
        """
        self.server.before = len(self.server.calls)

        def program() -> None:  # its requests reach the server here through the socket
            boto3.Session = boto3.session.Session
            cli.main([*arguments, "--config", str(self.config)], standalone_mode=False)

        with self.environment_here():
            process = multiprocessing.get_context("fork").Process(target=program)
            process.start()
            assert process.pid
            self.server.kill = (process.pid, number, when)
            process.join()
        self.server.kill = None
        assert process.exitcode in {0, -signal.SIGKILL}
        return process.exitcode != 0

    def client(self, service: str) -> Any:
        """A client of the caller's, whose requests are recorded."""
        with self.environment_here():
            return self.server.session().client(service)

    def may(self, policy: Any = None) -> list[Check]:
        """Give the caller this policy alone, or all rights; record what AWS checks."""
        asked: list[Check] = []

        def guard(call: Call) -> None:
            for check in checks(call, self.server):
                asked.append(check)
                if policy and not allows(policy, check):
                    code = "403" if call.service == "s3" else "AccessDenied"
                    words = f"User: me is not authorized to perform: {check.action}"
                    raise Refusal(code, words)

        self.server.guard = guard
        return asked

    def not_usable(self) -> str:
        """Why a loader cannot connect; empty when one can."""
        try:
            with self.environment_here():
                require_usable(self.settings())
        except Refused as refused:
            return refused.message
        return ""

    def settings(self) -> Settings:
        """The settings file as the scripts read it."""
        return read_settings(self.config)

    @contextmanager
    def environment_here(self) -> Iterator[None]:
        """What the process is given, for a call within this process."""
        with pytest.MonkeyPatch.context() as patch:
            for key, value in self.environment.items():
                patch.setenv(key, value)
            patch.setattr(boto3, "Session", self.server.session)
            patch.setattr(apply, "FIRST_PAUSE", 0.02)
            patch.setattr(apply, "MINUTES", self.minutes)
            yield

    def ok(self, *arguments: str) -> Result:
        done = self.run(*arguments)
        assert done.exit_code == 0, done
        return done

    def described(self, *arguments: str) -> dict[str, Any]:
        """The JSON object that a command prints."""
        found: dict[str, Any] = json.loads(self.ok(*arguments, "--json").stdout)
        return found

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.described(*STATUS)["cluster"]
        return found

    def refused(self, *arguments: str, code: int = 3) -> str:
        """Run what has to fail; gives the one line that says why."""
        done = self.run(*arguments)
        assert done.exit_code == code, done
        *_, line = done.stderr.splitlines()
        assert line.startswith("error: ")
        return line

    @property
    def changes(self) -> list[str]:
        """What the last run changed."""
        return self.server.changes

    def left(self, region: str = REGION) -> dict[str, list[str]]:
        """All that is ours in a region, by kind; empty when nothing is.

        Roles belong to the region that their name says, or to this one.
        """
        other = {REGION: ELSEWHERE, ELSEWHERE: REGION}[region]
        redshift = get_backend("redshift")[ACCOUNT][region]
        iam, there = get_backend("iam")[ACCOUNT]["aws"], self.server.serverless
        vpcs = get_backend("ec2")[ACCOUNT][region].groups.values()
        groups = [group.name for vpc in vpcs for group in vpc.values()]

        def here(keys: Iterable[tuple[str, str]]) -> list[str]:
            return [name for place, name in keys if place == region]

        found = {
            "clusters": [*redshift.clusters],
            "snapshots": [*redshift.snapshots, *here(there.snapshots)],
            "schedules": here(self.server.schedules),
            "roles": [one.name for one in iam.roles.values() if other not in one.name],
            "policies": [arn for arn in iam.managed_policies if ACCOUNT in arn],
            "groups": [name for name in groups if name != "default"],
            "secrets": here(self.server.secrets),
            "namespaces": here(there.namespaces),
            "workgroups": here(there.workgroups),
            "limits": [
                f"{one['amount']} {one['period']}, {one['breachAction']}"
                for one in there.limits.values()
                if f":{region}:" in one["resourceArn"]
            ],
        }
        found["policies"].remove(BOUNDARY)
        return {kind: sorted(names) for kind, names in found.items() if names}

    def rules(self) -> set[tuple[str, int, int, str]]:
        """The rules of our security group."""
        (group,) = self.server.client("ec2").describe_security_groups(
            Filters=[{"Name": f"tag:{TAG}", "Values": ["sparkify"]}]
        )["SecurityGroups"]
        return {
            (rule["IpProtocol"], rule["FromPort"], rule["ToPort"], source["CidrIp"])
            for rule in group["IpPermissions"]
            for source in rule["IpRanges"]
        }

    def policy(self, role: str = ROLE) -> Any:
        """The inline policy of a role of ours."""
        of = {"RoleName": role, "PolicyName": role}
        return self.server.client("iam").get_role_policy(**of)["PolicyDocument"]

    def assert_complete(self) -> None:
        """Everything is there, once, and right."""
        left = self.left()
        left.pop("snapshots", None)  # AWS's own, of the new cluster
        assert left == COMPLETE[self.kind] | {
            "groups": ["sparkify-redshift"],
            "secrets": ["redshift!sparkify-awsuser"],
        }
        assert self.rules() == {("tcp", 5439, 5439, "203.0.113.7/32")}
        assert resources(self.policy()) == {
            f"arn:aws:s3:::{BUCKET}",
            "arn:aws:s3:::sparkify-work",
            f"arn:aws:s3:::{BUCKET}/log_data/*",
            f"arn:aws:s3:::{BUCKET}/song_data/*",
            "arn:aws:s3:::sparkify-work/manifests/*",
        }
        trusted = {ROLE: TRUSTED[self.kind]}
        trusted[f"{ROLE}-pause"] = "scheduler.redshift.amazonaws.com"
        iam = self.server.client("iam")
        for name in left["roles"]:
            of = {"RoleName": name}
            assert iam.list_role_policies(**of)["PolicyNames"] == [name]
            assert iam.list_attached_role_policies(**of)["AttachedPolicies"] == []
            role = iam.get_role(**of)["Role"]
            (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
            assert statement["Principal"] == {"Service": trusted[name]}
            assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
            assert role["Tags"] == [{"Key": TAG, "Value": "sparkify"}]
        there = self.server.serverless
        if self.kind == "provisioned":
            assert self.server.cluster().tags == [{"Key": TAG, "Value": "sparkify"}]
            return
        namespace, workgroup = there.namespaces[HERE], there.workgroups[HERE]
        for arn in (namespace["namespaceArn"], workgroup["workgroupArn"]):
            assert there.tags[arn] == {TAG: "sparkify"}

    def differ(self) -> None:
        """Change by hand what `up` repairs."""
        there, iam = self.server.serverless, self.server.client("iam")
        if self.kind == "serverless":
            there.workgroups[HERE] |= {"port": 5440, "securityGroupIds": []}
            there.workgroups[HERE] |= {"maxCapacity": -1, "baseCapacity": 16}
            there.namespaces[HERE] |= {"iamRoles": [], "defaultIamRoleArn": None}
            (limit,) = there.limits.values()
            limit["amount"] = 999
            return
        groups = get_backend("ec2")[ACCOUNT][REGION].groups.values()
        named = {one.name: name for vpc in groups for name, one in vpc.items()}
        self.server.client("ec2").authorize_security_group_ingress(
            GroupId=named["sparkify-redshift"],
            IpPermissions=[{"IpProtocol": "-1", "IpRanges": [{"CidrIp": "0.0.0.0/0"}]}],
        )
        role = {"RoleName": ROLE}
        iam.update_assume_role_policy(**role, PolicyDocument=ANYBODY)
        iam.put_role_policy(**role, PolicyName="more", PolicyDocument=EVERYTHING)
        iam.attach_role_policy(**role, PolicyArn=BOUNDARY)
        cluster = self.server.cluster()
        cluster.iam_roles_arn = ["arn:aws:iam::123456789012:role/else"]
        cluster.vpc_security_group_ids = []
        self.server.schedules[REGION, f"{ROLE}-pause"]["Enable"] = False

    def assert_safe(self) -> None:
        """Over all calls of the test: nothing open, nothing on `*`, no password."""
        for call in self.server.calls:
            assert call.service != "secretsmanager"  # AWS alone reads what it keeps
            assert not {"MasterUserPassword", "adminUserPassword"} & call.params.keys()
            for rule in call.params.get("IpPermissions", []):
                assert "Ipv6Ranges" not in rule
                assert all(one["CidrIp"] != "0.0.0.0/0" for one in rule["IpRanges"])
            if call.action == "PutRolePolicy":
                policy = json.loads(call.params["PolicyDocument"])
                assert "*" not in resources(policy), call
            if call.action == "CreateWorkgroup":
                assert call.params["maxCapacity"] >= call.params["baseCapacity"]
            if call.action == "CreateNamespace":
                assert call.params["manageAdminPassword"] is True
            if call.action == "CreateCluster":
                assert call.params["ManageMasterPassword"] is True
                assert call.params["Encrypted"] is True
        assert not self.server.invalid
        assert [*self.config.parent.iterdir()] == [self.config]


def resources(policy: Any) -> set[str]:
    """All resources that a policy names."""
    return {one for item in policy["Statement"] for one in listed(item["Resource"])}


@pytest.fixture(scope="session")
def aws_server() -> AwsServer:
    return AwsServer()


@pytest.fixture
def account(aws_server: AwsServer, tmp_path: Path) -> Iterator[Account]:
    """An empty account with the buckets; checked for safety after every test."""
    made = Account(aws_server, tmp_path / "w.toml")
    made.reset("provisioned")
    yield made
    made.assert_safe()


@pytest.fixture
def serverless(account: Account) -> Account:
    """The account, with settings of this kind."""
    account.reset("serverless")
    return account


@pytest.fixture(params=MAKING)
def either(account: Account, request: pytest.FixtureRequest) -> Account:
    """The account, with settings of each kind."""
    account.reset(request.param)
    return account
