"""AWS to test against: moto as a real HTTP server that records every request.

What moto cannot do is answered here, and only that:

- `ModifyClusterIamRoles` and `ResizeCluster` (moto does not have them);
- `ManageMasterPassword` (moto ignores it): a secret is made with the cluster and goes
  with it, as AWS does;
- `ClusterAvailabilityStatus`, `DefaultIamRoleArn` and `VpcId` in descriptions, and
  `ModifyCluster` with a port;
- what takes AWS minutes: tests put that into `answers`.
"""

import logging
import os
import signal
import subprocess
import threading
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from functools import cached_property
from io import BytesIO
from typing import Any
from urllib.parse import parse_qsl

import boto3
from moto.backends import get_backend
from moto.core.authorization import disable_iam_authentication
from moto.moto_server.werkzeug_app import (
    DomainDispatcherApplication,
    MotoRequestHandler,
    create_backend_app,
)
from werkzeug.datastructures import Headers
from werkzeug.serving import make_server
from werkzeug.test import run_wsgi_app

ACCOUNT = "123456789012"
REGION = "us-west-2"
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

    @property
    def mutating(self) -> bool:
        return not self.action.startswith(READING)

    @cached_property
    def params(self) -> dict[str, str]:
        return dict(parse_qsl(self.body, keep_blank_values=True))

    def values(self, prefix: str) -> list[str]:
        """The values of a list or structure that is spread over several keys."""
        return [value for key, value in self.params.items() if key.startswith(prefix)]

    def __str__(self) -> str:
        return f"{self.service}:{self.action}"


def refusal(code: str, message: str) -> Answer:
    """An error as Redshift and IAM word it."""
    return 400, (
        "<ErrorResponse><Error><Type>Sender</Type>"
        f"<Code>{code}</Code><Message>{message}</Message></Error></ErrorResponse>"
    )


def ec2_refusal(code: str, message: str) -> Answer:
    """An error as EC2 words it."""
    return 400, (
        f"<Response><Errors><Error><Code>{code}</Code><Message>{message}</Message>"
        "</Error></Errors></Response>"
    )


@dataclass
class AwsServer:
    """One server per test process; `reset` between tests."""

    calls: list[Call] = field(default_factory=list)
    # `service:action` to what is asked first; None from it lets moto answer.
    answers: dict[str, Answerer] = field(default_factory=dict)
    # Kill the client at its n-th changing call (from 1): "before" or "after" moto.
    kill: tuple[int, str] | None = None
    client_process: subprocess.Popen[str] | None = None

    def __post_init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self.moto = DomainDispatcherApplication(create_backend_app)
        self.url = self._serve(self)
        self.own_url = self._serve(self.moto)  # for the tests, not recorded

    def _serve(self, app: Any) -> str:
        server = make_server(
            "127.0.0.1", 0, app, threaded=True, request_handler=MotoRequestHandler
        )
        threading.Thread(target=server.serve_forever, daemon=True).start()
        return f"http://127.0.0.1:{server.server_port}"

    def reset(self) -> None:
        """An empty account with its default VPC, and no memory of calls."""
        for name in ("ec2", "iam", "redshift", "s3", "secretsmanager", "sts"):
            get_backend(name).reset()
        self.calls, self.answers, self.kill = [], {}, None

    def client(self, service: str, region: str = REGION) -> Any:
        """A client for the test itself, past the recorder."""
        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            endpoint_url=self.own_url,
            aws_access_key_id="test",
            aws_secret_access_key="test",
        )

    def cluster(self, name: str = "sparkify") -> Any:
        """moto's own cluster, whose attributes are what descriptions show."""
        return self.clusters[name]

    @property
    def clusters(self) -> dict[str, Any]:
        """moto's clusters by name."""
        found: dict[str, Any] = get_backend("redshift")[ACCOUNT][REGION].clusters
        return found

    @property
    def changes(self) -> list[str]:
        """The changing calls so far, as `service:action`."""
        return [str(call) for call in self.calls if call.mutating]

    def __call__(self, environ: dict[str, Any], start: Any) -> Iterable[bytes]:
        body = environ["wsgi.input"].read(int(environ.get("CONTENT_LENGTH") or 0))
        environ["wsgi.input"] = BytesIO(body)
        call = _call(environ, body.decode())
        self.calls.append(call)
        if self._killed(call, "before"):
            return _send(start, 500, "")
        if (answerer := self.answers.get(str(call))) and (answer := answerer(call)):
            return _send(start, *answer)
        try:
            chunks, status, headers = run_wsgi_app(self.moto, environ, buffered=True)
        except NotImplementedError:  # moto has checked the permission by now
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
        assert self.client_process
        os.kill(self.client_process.pid, signal.SIGKILL)
        return True

    def _instead_of_moto(self, call: Call) -> Iterable[bytes]:
        if call.action == "ModifyClusterIamRoles":
            cluster = self.cluster(call.params["ClusterIdentifier"])
            removed = call.values("RemoveIamRoles")
            kept = [arn for arn in cluster.iam_roles_arn if arn not in removed]
            cluster.iam_roles_arn = kept + call.values("AddIamRoles")
            cluster.default_iam_role_arn = call.params["DefaultIamRoleArn"]
        elif call.action == "ResizeCluster":
            cluster = self.cluster(call.params["ClusterIdentifier"])
            cluster.node_type = call.params["NodeType"]
            cluster.number_of_nodes = int(call.params.get("NumberOfNodes", 1))
        else:
            raise AssertionError(f"{call} is answered neither by moto nor here")
        name = call.action
        return [f"<{name}Response><{name}Result/></{name}Response>".encode()]

    def _complete(self, call: Call) -> None:
        name = call.params.get("ClusterIdentifier", "")
        secret = f"redshift!{name}-awsuser"
        if call.action == "CreateCluster":
            cluster = self.cluster(name)
            cluster.cluster_availability_status = "Available"
            cluster.default_iam_role_arn = call.params.get("DefaultIamRoleArn")
            cluster.vpc_id = cluster.vpc_security_groups[0].vpc_id
        elif call.action == "ModifyCluster" and "Port" in call.params:
            self.cluster(name).port = int(call.params["Port"])
        with disable_iam_authentication():
            if call.params.get("ManageMasterPassword") == "true":
                self.client("secretsmanager").create_secret(
                    Name=secret, SecretString=PASSWORD
                )
            elif call.action == "DeleteCluster":
                self.client("secretsmanager").delete_secret(
                    SecretId=secret, ForceDeleteWithoutRecovery=True
                )


def _call(environ: dict[str, Any], body: str) -> Call:
    # Credential=KEY/date/region/service/aws4_request
    scope = environ.get("HTTP_AUTHORIZATION", "").partition("Credential=")[2]
    service = (scope.split("/") + [""] * 4)[3]
    action = dict(parse_qsl(body)).get("Action")
    if action is None:  # S3 has methods and paths for actions
        method = {"HEAD": "HeadBucket", "GET": "GetObject"}
        action = method.get(environ["REQUEST_METHOD"], environ["REQUEST_METHOD"])
        body = environ["PATH_INFO"]
    return Call(service, action, body)


def _send(start: Any, status: int, text: str) -> Iterable[bytes]:
    start(f"{status} answer", [("Content-Type", "text/xml")])
    return [text.encode()]
