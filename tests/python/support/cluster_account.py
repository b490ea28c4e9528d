"""One account, one settings file, and the command line against them."""

import json
import os
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import boto3
import pytest
from click.testing import CliRunner
from cluster import apply
from common.settings import Settings, read_settings
from moto.backends import get_backend
from warehouse import cli

from support.aws_models import Refusal
from support.aws_server import ACCOUNT, ELSEWHERE, REGION, AwsServer, Call
from support.cluster_calls import BOUNDARY, COMPLETE, MAKING, ROLE, TRUSTED
from support.iam_logic import FOLDER, Check, allows, checks, listed

PROJECT = Path(__file__).resolve().parents[3]
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


@dataclass(frozen=True)
class Done:
    """How a run of the script ended."""

    code: int
    out: str
    err: str


@dataclass
class Account:
    """Runs `warehouse.py`, and knows what is in the account."""

    server: AwsServer
    folder: Path
    environment: dict[str, str]
    kind: str = "provisioned"
    minutes: float = 1  # to wait for one thing
    every_call: list[Call] = field(default_factory=list)

    def write(self, **tables: dict[str, Any]) -> None:
        """Write the settings file, with these keys in place of the usual ones."""
        lines = []
        kind = {"cluster": {"kind": self.kind}}
        for table, usual in SETTINGS.items():
            lines.append(f"[{table}]")
            changed = kind.get(table, {}) | tables.get(table, {})
            for key, value in (usual | changed).items():
                lines.append(f"{key} = {json.dumps(value)}")
        (self.folder / "w.toml").write_text("\n".join(lines))

    def run(
        self, *arguments: str, answer: str = "", kill: tuple[int, str] | None = None
    ) -> Done:
        """Run the script to its end; `kill` as in AwsServer."""
        self.every_call += self.server.calls
        self.server.calls = []
        command = [*arguments, "--config", str(self.folder / "w.toml")]
        done = self._killed(command, kill) if kill else self._here(command, answer)
        assert "Traceback" not in done.err, done.err
        return done

    def _here(self, command: list[str], answer: str) -> Done:
        with self.environment_here():
            result = CliRunner().invoke(cli, command, input=answer)
        if result.exception and not isinstance(result.exception, SystemExit):
            raise result.exception
        return Done(result.exit_code, result.stdout, result.stderr)

    def _killed(self, command: list[str], kill: tuple[int, str]) -> Done:
        """In a process of its own, forked from this one: it has imported all it needs.

        Its requests go through the socket to the server here, which kills it.
        """
        with tempfile.TemporaryFile("w+") as output:
            if not (pid := os.fork()):
                try:
                    os.dup2(output.fileno(), 1)
                    os.dup2(output.fileno(), 2)
                    sys.stdout = sys.stderr = output
                    os.environ.update(self.environment)
                    cli.main(command)
                finally:
                    os._exit(70)
            self.server.kill, self.server.client_pid = kill, pid
            _, status = os.waitpid(pid, 0)
            self.server.kill = None
            output.seek(0)
            return Done(os.waitstatus_to_exitcode(status), "", output.read())

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

    def settings(self) -> Settings:
        """The settings file as the scripts read it."""
        return read_settings(self.folder / "w.toml")

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

    def ok(self, *arguments: str) -> Done:
        done = self.run(*arguments)
        assert done.code == 0, done
        return done

    def described(self, *arguments: str) -> dict[str, Any]:
        """The JSON object that a command prints."""
        found: dict[str, Any] = json.loads(self.ok(*arguments, "--json").out)
        return found

    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.described(*STATUS)["cluster"]
        return found

    def refused(self, *arguments: str, code: int = 3) -> str:
        """Run what has to fail; gives the one line that says why."""
        done = self.run(*arguments)
        assert done.code == code, done
        *_, line = done.err.splitlines()
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
        for name in left["roles"]:
            role = self.server.client("iam").get_role(RoleName=name)["Role"]
            (statement,) = role["AssumeRolePolicyDocument"]["Statement"]
            assert statement["Principal"] == {"Service": trusted[name]}
            assert role["PermissionsBoundary"]["PermissionsBoundaryArn"] == BOUNDARY
            assert role["Tags"] == [{"Key": TAG, "Value": "sparkify"}]

    def differ(self) -> None:
        """What changes by hand leave of Serverless."""
        there = self.server.serverless
        there.workgroups[HERE] |= {"maxCapacity": -1, "port": 5440, "baseCapacity": 16}
        there.workgroups[HERE]["securityGroupIds"] = []
        there.namespaces[HERE] |= {"iamRoles": [], "defaultIamRoleArn": None}
        (limit,) = there.limits.values()
        limit["amount"] = 999

    def assert_safe(self) -> None:
        """Over all calls of the test: nothing open, nothing on `*`, no password."""
        for call in self.every_call + self.server.calls:
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
        assert [path.name for path in self.folder.iterdir()] == ["w.toml"]


def resources(policy: Any) -> set[str]:
    """All resources that a policy names."""
    return {one for item in policy["Statement"] for one in listed(item["Resource"])}


def environment_for(url: str) -> dict[str, str]:
    """What the process is given: nothing of this machine's own AWS settings."""
    return {
        "PATH": os.environ["PATH"],
        "AWS_ENDPOINT_URL": url,
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "AWS_CONFIG_FILE": os.devnull,
        "AWS_SHARED_CREDENTIALS_FILE": os.devnull,
        "AWS_EC2_METADATA_DISABLED": "true",
    }


@pytest.fixture(scope="session")
def aws_server() -> AwsServer:
    return AwsServer()


@pytest.fixture
def account(aws_server: AwsServer, tmp_path: Path) -> Iterator[Account]:
    """An empty account with the buckets; checked for safety after every test."""
    aws_server.reset()
    s3, iam = get_backend("s3")[ACCOUNT]["aws"], get_backend("iam")[ACCOUNT]["aws"]
    for bucket, keys in OBJECTS.items():
        s3.create_bucket(bucket, REGION)
        for key in keys:
            s3.put_object(bucket, key, b"{}")
    text = (FOLDER / "boundary_policy.json").read_text()
    iam.create_policy("", "/", text, "sparkify-boundary", [])
    made = Account(aws_server, tmp_path, environment_for(aws_server.url))
    made.write()
    yield made
    made.assert_safe()


@pytest.fixture
def serverless(account: Account) -> Account:
    """The account, with settings of this kind."""
    account.kind = "serverless"
    account.write()
    return account


@pytest.fixture(params=MAKING)
def either(account: Account, request: pytest.FixtureRequest) -> Account:
    """The account, with settings of each kind."""
    account.kind = request.param
    account.write()
    return account
