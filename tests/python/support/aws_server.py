"""AWS to test against: moto as a real HTTP server that records every request.

Within this process requests reach the same application without a socket.

What moto cannot do is answered here, and only that:

- `ModifyClusterIamRoles` and the scheduled actions (moto does not have them);
- `ManageMasterPassword` (moto ignores it): a secret is made with the cluster and goes
  with it, as AWS does;
- a permissions boundary has to exist, and a restored cluster has no tags;
- `ClusterAvailabilityStatus`, `DefaultIamRoleArn` and `VpcId` in descriptions;
- what takes AWS minutes: tests put that into `answers`;
- all of Redshift Serverless, in `support.aws_serverless`.

Every request of the program but S3's is held against botocore's model of the service:
lengths, patterns and enumerations. What does not fit is in `invalid`.
"""

import json
import logging
import os
import re
import signal
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import cached_property
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

from moto import backends
from moto.backends import get_backend
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.datastructures import Headers
from werkzeug.serving import make_server
from werkzeug.test import run_wsgi_app

from support.aws_models import faults, nested
from support.aws_serverless import NAME as SERVERLESS
from support.aws_serverless import Serverless, error
from support.aws_session import REGION, Session

ACCOUNT = "123456789012"
ELSEWHERE = "eu-west-1"
READING = ("Describe", "Get", "List", "Head")
# In no request, file or output: the secret that stands for AWS's own.
PASSWORD = "Aws-keeps-this-to-itself-1"

Answer = tuple[int, str]
Answerer = Callable[["Call"], Answer | None]


@dataclass(frozen=True)
class Call:
    """One request of the program under test."""

    service: str
    action: str
    body: str
    region: str = REGION

    @property
    def mutating(self) -> bool:
        return not self.action.startswith(READING)

    @cached_property
    def params(self) -> dict[str, Any]:
        if self.service == SERVERLESS:
            return dict(json.loads(self.body or "{}"))
        return dict(parse_qsl(self.body, keep_blank_values=True))

    def values(self, prefix: str) -> list[str]:
        """The values of a list or structure that is spread over several keys."""
        return [value for key, value in self.params.items() if key.startswith(prefix)]

    @cached_property
    def nested(self) -> dict[str, Any]:
        """The parameters as the service's model nests them."""
        return nested(self.service, self.action, self.params)

    def __str__(self) -> str:
        return f"{self.service}:{self.action}"


def refusal(service: str, code: str, message: str) -> Answer:
    """An error as the service words it."""
    if service == SERVERLESS:
        return error(code, message)
    if code == "403":
        return 403, ""
    xml = f"<Error><Code>{code}</Code><Message>{message}</Message></Error>"
    if service == "ec2":
        return 400, f"<Response><Errors>{xml}</Errors></Response>"
    return 400, f"<ErrorResponse>{xml}</ErrorResponse>"


@dataclass
class AwsServer:
    """One server per test process; `reset` between tests."""

    calls: list[Call] = field(default_factory=list)
    # `service:action` to what is asked first; None from it lets moto answer.
    answers: dict[str, Answerer] = field(default_factory=dict)
    # Kill the client at its n-th changing call (from 1): "before" or "after" moto.
    kill: tuple[int, str] | None = None
    client_pid: int = 0
    invalid: list[str] = field(default_factory=list)
    # Sees every call before it is answered.
    watch: Callable[[Call], object] = str
    # By region and name, as DescribeScheduledActions gives them.
    schedules: dict[tuple[str, str], dict[str, Any]] = field(default_factory=dict)
    # The action that the caller may not take, or "".
    denies: Callable[[Call], str] = lambda _: ""
    serverless: Serverless = field(default_factory=Serverless)

    def __post_init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        # moto makes thousands of images in each account, and reads its own folder for
        # each request.
        os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
        modules = tuple(backends.list_of_moto_modules())
        backends.list_of_moto_modules = lambda: modules
        self.moto = DomainDispatcherApplication(create_backend_app)
        server = make_server(
            "127.0.0.1", 0, self, threaded=True, request_handler=MotoRequestHandler
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        self.url = f"http://127.0.0.1:{server.server_port}"
        # For the tests, not recorded.
        keys = {"aws_access_key_id": "test", "aws_secret_access_key": "test"}
        self.own = Session(self.moto, self.url, **keys)
        self.sessions: dict[Any, Session] = {}

    def reset(self) -> None:
        """An empty account with its default VPC, and no memory of calls."""
        for name in ("ec2", "iam", "redshift", "s3", "secretsmanager", "sts"):
            get_backend(name).reset()
        self.calls, self.answers, self.kill = [], {}, None
        self.invalid, self.schedules, self.watch = [], {}, str
        self.denies, self.serverless = lambda _: "", Serverless()

    def client(self, service: str, region: str = REGION) -> Any:
        """A client for the test itself, past the recorder."""
        return self.own.client(service, region)

    def session(self) -> Session:
        """The session of a program in this process, by what its environment says."""
        said = {key: value for key, value in os.environ.items() if "AWS" in key}
        key = frozenset(said.items())
        if key not in self.sessions:
            self.sessions[key] = Session(self, self.url)
        return self.sessions[key]

    def clusters(self, region: str = REGION) -> dict[str, Any]:
        """moto's own clusters by name: their attributes are what descriptions show."""
        found: dict[str, Any] = get_backend("redshift")[ACCOUNT][region].clusters
        return found

    def cluster(self) -> Any:
        return self.clusters()["sparkify"]

    @property
    def changes(self) -> list[str]:
        """The changing calls so far, as `service:action`."""
        return [str(call) for call in self.calls if call.mutating]

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        call = _call(environ, body.decode())
        self.calls.append(call)
        self.watch(call)
        if call.service != "s3":
            found = faults(call.service, call.action, call.params)
            self.invalid += [f"{call}: {fault}" for fault in found]
        if self._killed(call, "before"):
            return _send(start, 500, "")
        if action := self.denies(call):
            code = "403" if call.service == "s3" else "AccessDenied"
            words = f"User: me is not authorized to perform: {action}"
            return _send(start, *refusal(call.service, code, words))
        if (answerer := self.answers.get(str(call))) and (answer := answerer(call)):
            return _send(start, *answer)
        if answer := self._refusal(call):
            return _send(start, *answer)
        try:
            chunks, status, headers = run_wsgi_app(self.moto, environ, buffered=True)
        except NotImplementedError:
            chunks, status, headers = self._instead_of_moto(call), "200 OK", Headers()
        if status.startswith("200"):
            self._complete(call)
        if self._killed(call, "after"):
            return _send(start, 500, "")
        start(status, list(headers))
        return chunks

    def _killed(self, call: Call, when: str) -> bool:
        if self.kill != (len(self.changes), when) or not call.mutating:
            return False
        os.kill(self.client_pid, signal.SIGKILL)
        return True

    def _refusal(self, call: Call) -> Answer | None:
        """What AWS refuses and moto takes, and all answers of Serverless."""
        if call.service == SERVERLESS:
            answer = self.serverless.answer(self, call)
            self._killed(call, "after")
            return answer
        iam = get_backend("iam")[ACCOUNT]["aws"]
        boundary = call.params.get("PermissionsBoundary", "")
        known = boundary in iam.managed_policies or ":aws:policy/" in boundary
        if boundary and not known:
            words = f"Scope ARN: {boundary} does not exist or is not attachable."
            return refusal("iam", "NoSuchEntity", words)
        name = call.params.get("ScheduledActionName", "")
        scheduled = (call.region, name) in self.schedules
        if name and not scheduled and call.action != "CreateScheduledAction":
            return refusal("redshift", "ScheduledActionNotFound", name)
        return None

    def _instead_of_moto(self, call: Call) -> Iterable[bytes]:
        name, result = call.action, ""
        key = (call.region, call.params.get("ScheduledActionName", ""))
        if name == "ModifyClusterIamRoles":
            cluster = self.clusters(call.region)[call.params["ClusterIdentifier"]]
            removed = call.values("RemoveIamRoles")
            kept = [arn for arn in cluster.iam_roles_arn if arn not in removed]
            cluster.iam_roles_arn = kept + call.values("AddIamRoles")
            cluster.default_iam_role_arn = call.params["DefaultIamRoleArn"]
        elif name in {"CreateScheduledAction", "ModifyScheduledAction"}:
            self.schedules[key] = self.schedules.get(key, {}) | call.nested
        elif name == "DeleteScheduledAction":
            del self.schedules[key]
        elif name == "DescribeScheduledActions":
            result = f"<ScheduledActions>{_action_xml(self.schedules[key])}"
            result += "</ScheduledActions>"
        else:
            raise AssertionError(f"{call} is answered neither by moto nor here")
        return [
            f"<{name}Response><{name}Result>{result}</{name}Result></{name}Response>".encode()
        ]

    def _complete(self, call: Call) -> None:
        name = call.params.get("ClusterIdentifier", "")
        secret = f"redshift!{name}-awsuser"
        if call.action in {"CreateCluster", "RestoreFromClusterSnapshot"}:
            cluster = self.clusters(call.region)[name]
            cluster.cluster_availability_status = "Available"
            cluster.default_iam_role_arn = call.params.get("DefaultIamRoleArn")
            cluster.vpc_id = cluster.vpc_security_groups[0].vpc_id
        if call.action == "RestoreFromClusterSnapshot":
            cluster.tags = []
        if call.params.get("ManageMasterPassword") == "true":
            self.client("secretsmanager", call.region).create_secret(
                Name=secret, SecretString=PASSWORD
            )
        elif call.action == "DeleteCluster":
            self.client("secretsmanager", call.region).delete_secret(
                SecretId=secret, ForceDeleteWithoutRecovery=True
            )


def _call(environ: dict[str, Any], body: str) -> Call:
    # Credential=KEY/date/region/service/aws4_request
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2]
    service = (scope.split("/") + [""] * 4)[3]
    if service == SERVERLESS:
        action = environ["HTTP_X_AMZ_TARGET"].removeprefix("RedshiftServerless.")
        return Call(service, action, body, scope.split("/")[2])
    action = dict(parse_qsl(body)).get("Action")
    if action is None:  # S3 has methods and paths for actions
        method = {"HEAD": "HeadBucket", "GET": "GetObject"}
        action = method.get(environ["REQUEST_METHOD"], environ["REQUEST_METHOD"])
        if "list-type=2" in environ["QUERY_STRING"]:
            action = "ListObjectsV2"
        body = f"{environ['PATH_INFO']}?{environ['QUERY_STRING']}"
    return Call(service, action, body, (scope.split("/") + [""] * 4)[2] or REGION)


def _send(start: Any, status: int, text: str) -> Iterable[bytes]:
    start(f"{status} answer", [("Content-Type", "text/xml")])
    return [text.encode()]


def _action_xml(action: dict[str, Any]) -> str:
    """A scheduled action as DescribeScheduledActions writes it."""
    minute, hour = re.findall(r"\d+", action["Schedule"])[:2]
    now = datetime.now(UTC)
    due = now.replace(hour=int(hour), minute=int(minute), second=0, microsecond=0)
    due += timedelta(days=due <= now)
    target = action["TargetAction"]["PauseCluster"]["ClusterIdentifier"]
    return (
        "<ScheduledAction>"
        f"<ScheduledActionName>{action['ScheduledActionName']}</ScheduledActionName>"
        f"<Schedule>{action['Schedule']}</Schedule><IamRole>{action['IamRole']}</IamRole>"
        f"<State>{'ACTIVE' if action.get('Enable', True) else 'DISABLED'}</State>"
        "<TargetAction><PauseCluster><ClusterIdentifier>"
        f"{target}</ClusterIdentifier></PauseCluster></TargetAction>"
        f"<NextInvocations><ScheduledActionTime>{due:%Y-%m-%dT%H:%M:%SZ}"
        "</ScheduledActionTime></NextInvocations></ScheduledAction>"
    )
