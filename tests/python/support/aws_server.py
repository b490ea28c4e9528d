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

import logging
import os
import re
import signal
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

import boto3
import botocore.session
from botocore.awsrequest import AWSResponse
from botocore.compat import HTTPHeaders
from moto.backends import get_backend
from moto.core.botocore_stubber import MockRawResponse
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.serving import make_server
from werkzeug.test import Client, run_wsgi_app

from support.aws_models import Refusal, faults, parsed, written
from support.aws_serverless import ACCOUNT, Serverless
from support.aws_serverless import NAME as SERVERLESS

REGION, ELSEWHERE = "us-west-2", "eu-west-1"
READING = ("Describe", "Get", "List", "Head")


@dataclass(frozen=True)
class Call:
    """One request of the program under test."""

    service: str
    action: str
    region: str  # of its signature; empty without one
    params: dict[str, Any]

    @property
    def mutating(self) -> bool:
        return not self.action.startswith(READING)

    def __str__(self) -> str:
        return f"{self.service}:{self.action}"


class Session(boto3.session.Session):
    """A session whose requests go to a WSGI application in this process.

    It makes one client per service and region: each costs as much as ten requests.
    """

    def __init__(self, app: Any, url: str, **options: Any) -> None:
        core: Any = botocore.session.get_session()
        core.register("before-send", self._send)
        self.app, self.url = Client(app, use_cookies=False), url
        self.made = dict[Any, Any]()
        super().__init__(botocore_session=core, **options)

    def client(  # type: ignore[override]
        self, service: Any, region_name: str = REGION, config: Any = None
    ) -> Any:
        key = (service, region_name, getattr(config, "signature_version", None))
        if key not in self.made:
            self.made[key] = super().client(
                service, region_name, config=config, endpoint_url=self.url
            )
        return self.made[key]

    def _send(self, request: Any, **_: Any) -> AWSResponse:
        body = request.body
        answer = self.app.open(
            request.url.removeprefix(self.url),
            base_url=self.url,
            method=request.method,
            headers=[
                (key, value if isinstance(value, str) else value.decode())
                for key, value in request.headers.items()
            ],
            data=body.read() if hasattr(body, "read") else body or b"",
        )
        headers = HTTPHeaders.from_pairs(answer.headers)
        raw = MockRawResponse(answer.data)
        return AWSResponse(request.url, answer.status_code, headers, raw)


class AwsServer:
    """One server per test process; `reset` between tests."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        # moto makes thousands of images in each account.
        os.environ["MOTO_EC2_LOAD_DEFAULT_AMIS"] = "false"
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
        self.reset()

    def reset(self) -> None:
        """An empty account with its default VPC, and no memory of calls."""
        for name in ("ec2", "iam", "redshift", "s3", "sts"):
            get_backend(name).reset()
        self.forget()
        # Kill a process at its n-th changing call (from 1): "before" or "after" moto.
        self.kill: tuple[int, int, str] | None = None
        self.invalid: list[str] = []
        # By region and name, as DescribeScheduledActions gives them.
        self.schedules: dict[tuple[str, str], dict[str, Any]] = {}
        # The names of those that AWS keeps for us, by region.
        self.secrets: set[tuple[str, str]] = set()
        self.serverless = Serverless()

    def forget(self) -> None:
        """Forget all calls, and answer as usual from now on."""
        self.calls: list[Call] = []
        self.before = 0  # how many calls there were before the last run
        # `service:action` to what answers first: a document, a Refusal that it raises,
        # or None, which lets moto answer.
        self.answers: dict[str, Callable[[Call], Any]] = {}
        # Sees every call before it is answered, and may refuse it.
        self.guard: Callable[[Call], object] = str
        # Sends the body of moto's answer, or another one.
        self.send: Callable[..., Iterable[bytes]] = lambda call, body: body

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

    def refuse(self, call: str, code: str, words: str, times: int = 10**9) -> None:
        """Refuse the next calls of this name, which come as `service:action`."""
        left = iter(range(times))

        def answer(_: Call) -> None:
            if next(left, None) is not None:
                raise Refusal(code, words)

        self.answers[call] = answer

    @property
    def changes(self) -> list[str]:
        """The changing calls of the last run, as `service:action`."""
        return [str(call) for call in self.calls[self.before :] if call.mutating]

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        call = _call(environ, body.decode())
        self.calls.append(call)
        if call.service != "s3":
            found = faults(call.service, call.action, call.params)
            self.invalid += [f"{call}: {fault}" for fault in found]
        try:
            self._kill(call, "before")
            self.guard(call)
            answerer = self.answers.get(str(call))
            answer = (answerer and answerer(call)) or self._instead_of_moto(call)
        except Refusal as refused:
            answer = refused
        if answer is not None:
            status, text = written(call.service, call.action, answer)
            start(f"{status} answer", [("Content-Type", "text/xml")])
            chunks: Iterable[bytes] = [text.encode()]
        else:
            chunks, line, headers = run_wsgi_app(self.moto, environ, buffered=True)
            start(line, list(headers))
            chunks = self.send(call, chunks)
            if line.startswith("200"):
                self._complete(call)
        self._kill(call, "after")
        return chunks

    def _kill(self, call: Call, when: str) -> None:
        if self.kill and self.kill[1:] == (len(self.changes), when) and call.mutating:
            os.kill(self.kill[0], signal.SIGKILL)
            if when == "before":
                raise Refusal("Killed", "")

    def _instead_of_moto(self, call: Call) -> Any:
        """The answer to what moto does not have, or takes and AWS refuses."""
        action, params = call.action, call.params
        if call.service == SERVERLESS:
            return self.serverless.answer(self.secrets, call)
        policies = get_backend("iam")[ACCOUNT]["aws"].managed_policies
        if (boundary := params.get("PermissionsBoundary")) and boundary not in policies:
            words = f"Scope ARN: {boundary} does not exist or is not attachable."
            raise Refusal("NoSuchEntity", words)
        if action == "ModifyClusterIamRoles":
            cluster = self.clusters(call.region)[params["ClusterIdentifier"]]
            removed = params.get("RemoveIamRoles", [])
            kept = [arn for arn in cluster.iam_roles_arn if arn not in removed]
            cluster.iam_roles_arn = kept + params.get("AddIamRoles", [])
            cluster.default_iam_role_arn = params["DefaultIamRoleArn"]
            return {}
        if name := params.get("ScheduledActionName"):
            return self._schedule(action, (call.region, name), params)
        return None

    def _schedule(self, action: str, key: tuple[str, str], params: Any) -> Any:
        if action.startswith("Create"):
            self.schedules[key] = {"Enable": True}
        elif key not in self.schedules:
            raise Refusal("ScheduledActionNotFound", key[1])
        if action.startswith("Delete"):
            del self.schedules[key]
            return {}
        if not action.startswith("Describe"):
            self.schedules[key] |= params
        has = self.schedules[key]
        minute, hour = map(int, re.findall(r"\d+", has["Schedule"])[:2])
        due = datetime.now(UTC).replace(hour=hour, minute=minute) + timedelta(days=1)
        state = "ACTIVE" if has["Enable"] else "DISABLED"
        shown = has | {"State": state, "NextInvocations": [due]}
        return {"ScheduledActions": [shown]}

    def _complete(self, call: Call) -> None:
        """What AWS does besides, and moto does not."""
        name = call.params.get("ClusterIdentifier", "")
        secret = (call.region, f"redshift!{name}-awsuser")
        if call.params.get("ManageMasterPassword"):  # a new or a restored cluster
            self.secrets.add(secret)
            cluster = self.clusters(call.region)[name]
            cluster.cluster_availability_status = "Available"
            cluster.default_iam_role_arn = call.params.get("DefaultIamRoleArn")
            cluster.vpc_id = cluster.vpc_security_groups[0].vpc_id
            if call.action == "RestoreFromClusterSnapshot":
                cluster.tags = []
        elif call.action == "DeleteCluster":
            self.secrets.discard(secret)


def _call(environ: dict[str, Any], body: str) -> Call:
    # Credential=KEY/date/region/service/aws4_request; only S3 is asked without.
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2]
    _, _, region, service, *_ = scope.split("/") if scope else ("", "", "", "s3")
    if service == "s3":  # has methods and paths for actions
        bucket, _, key = environ["PATH_INFO"].strip("/").partition("/")
        method = {"HEAD": "HeadBucket", "GET": "GetObject"}
        action = method.get(environ["REQUEST_METHOD"], environ["REQUEST_METHOD"])
        query = dict(parse_qsl(environ["QUERY_STRING"]))
        if "list-type" in query:
            action = "ListObjectsV2"
        return Call(service, action, region, {"Bucket": bucket, "Key": key} | query)
    form = dict(parse_qsl(body, keep_blank_values=True))
    action = environ.get("HTTP_X_AMZ_TARGET", "").rpartition(".")[2] or form["Action"]
    return Call(service, action, region, parsed(service, action, body, form))
