"""The one edge to AWS: its clients, and its errors as one plain line."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from functools import cached_property
from typing import Any

from common.errors import Refused, WarehouseError

OPERATOR_POLICY = "scripts/cluster/operator_policy.json"
RESTORE_POLICY = "scripts/cluster/restore_policy.json"
LOADER_POLICY = "scripts/cluster/loader_policy.json"
BOUNDARY_POLICY = "scripts/cluster/boundary_policy.json"
# The clients by their names here, and AWS's names of the services.
SERVICES = {name: name for name in ("ec2", "iam", "redshift", "s3", "sts")}
SERVICES |= {"serverless": "redshift-serverless"}
CONNECTIONS = 16  # at once and per client: as many as the load has threads

# What a region and a role's ARN look like; macros/load/redshift_load.sql checks both.
REGION = "[a-z]{2}(-[a-z]+)+-[0-9]{1,2}"
ROLE_ARN = "arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}"

# AWS's services do not agree on the words, so each meaning has several codes.
DENIED = {"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}
# What AWS answers, as "code in operation: message", and what to do; the first counts.
ADVICE: list[tuple[str, type[WarehouseError], str]] = [
    ("NoSuchBucket |404 in Head", Refused, "there is no such bucket; check the name"),
    (
        "(301|PermanentRedirect) ",
        Refused,
        "the bucket is in another region; set region in [data] of warehouse.toml",
    ),
    (
        "(NoSuchKey|412|PreconditionFailed) ",
        WarehouseError,
        "the object is gone or changed since it was listed; run again",
    ),
    (
        "Request(Expired|InTheFuture|TimeTooSkewed) |.*Signature (expired|not yet cur)",
        Refused,
        "this machine's clock is not AWS's; set the clock",
    ),
    ("ExpiredToken", Refused, "the AWS credentials have expired; {sign_in}"),
    (
        "AuthFailure |Invalid(AccessKeyId|ClientTokenId|SignatureException|Token) "
        "|SignatureDoesNotMatch |UnrecognizedClientException ",
        Refused,
        "AWS does not know these credentials; {sign_in}",
    ),
]

# S3 says "Forbidden" and nothing else; these actions have another name than the call.
S3_ACTIONS = {"HeadBucket": "ListBucket", "ListObjectsV2": "ListBucket"}
S3_ACTIONS |= {name: name for name in ("GetObject", "PutObject")}


class Clients:
    """A client per service of AWS, such as `clients.iam`, made when it is first used.

    Credentials and endpoints come from AWS's own chain, which is asked once for all.
    Without any credentials requests to S3 are unsigned: public buckets answer.
    """

    def __init__(self, region: str) -> None:
        self.region = region

    def __getattr__(self, name: str) -> Any:  # asked for what is not there yet
        if name not in SERVICES:
            raise AttributeError(name)
        with plain_errors():
            from botocore import UNSIGNED
            from botocore.config import Config

            unsigned = name == "s3" and not self._session.get_credentials()
            config = Config(
                connect_timeout=10,
                read_timeout=60,
                max_pool_connections=CONNECTIONS,
                retries={"mode": "standard"},  # AWS_MAX_ATTEMPTS may say how often
                signature_version=UNSIGNED if unsigned else None,
            )
            made = self._session.client(SERVICES[name], self.region, config=config)
        setattr(self, name, made)
        return made

    @cached_property
    def _session(self) -> Any:
        import boto3

        return boto3.Session()


def listed(client: Any, operation: str, **params: Any) -> list[Any]:
    """What all pages of the answer list."""
    pages = client.get_paginator(operation).paginate(**params)
    found = pages.build_full_result().get(pages.result_keys[0].expression, [])
    return list(found)


@contextmanager
def plain_errors(where: str = "", policy: str = OPERATOR_POLICY) -> Iterator[None]:
    """Turn what botocore raises into one line; also usable as a decorator.

    `where` begins the line, for what AWS itself leaves out: S3 names no bucket.
    `policy` is the file with the rights that this work takes. Raises Refused for
    credentials, rights and settings, WarehouseError for all else that AWS or the
    network answers. AWS's own words are always in the line.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _located(where, _plain_answer(error, policy)) from None
    except (BotoCoreError, ResponseParserError) as error:
        raise _located(where, _plain_trouble(error)) from None


@contextmanager
def passing(*codes: str) -> Iterator[None]:
    """Let AWS's errors with one of these codes pass: what is gone is gone."""
    from botocore.exceptions import ClientError

    try:
        yield
    except ClientError as error:
        if code_of(error) not in codes:
            raise


def code_of(error: Any) -> str:
    """AWS's code in a ClientError, such as `NoSuchEntity`."""
    return str(error.response.get("Error", {}).get("Code", ""))


def message_of(error: Any) -> str:
    """AWS's words in a ClientError, on one line."""
    return " ".join(str(error.response.get("Error", {}).get("Message", "")).split())


def _located(where: str, error: WarehouseError) -> WarehouseError:
    return type(error)(f"{where}: {error.message}") if where else error


def _plain_answer(error: Any, policy: str) -> WarehouseError:
    code, message, operation = code_of(error), message_of(error), error.operation_name
    said = f"(AWS: {message}, {code} in {operation})"
    for pattern, kind, advice in ADVICE:
        if re.match(pattern, f"{code} in {operation}: {message}"):
            return kind(f"{advice.format(sign_in=_sign_in())} {said}")
    if code in DENIED:
        advice = f"{policy} has what this needs, attach it and try again"
        if "explicit deny" in message:
            advice = "a policy denies it explicitly, ask your administrator"
        return Refused(f"not allowed: {_action(operation, message)}; {advice} {said}")
    return WarehouseError(f"AWS refused; correct that and run again {said}")


def _action(operation: str, message: str) -> str:
    # Most services name the action that was missing, which need not be the one
    # that was called: CreateCluster also wants iam:PassRole.
    named = re.search(r"not authorized to perform: ([\w-]+:\w+)", message)
    called = f"s3:{S3_ACTIONS[operation]}" if operation in S3_ACTIONS else operation
    return named[1] if named else called


def _plain_trouble(error: Exception) -> WarehouseError:
    from botocore.exceptions import (
        ConnectionError,
        HTTPClientError,
        IncompleteReadError,
    )
    from botocore.parsers import ResponseParserError

    kind, message = type(error).__name__, " ".join(str(error).split()).rstrip(".")
    if re.search("SSO|Token|Login|Credential|ProfileNotFound", kind):
        return Refused(f"no AWS credentials: {message}; {_sign_in()}")
    broken = (ConnectionError, HTTPClientError, IncompleteReadError)
    if isinstance(error, (*broken, ResponseParserError)):
        return WarehouseError(
            f"AWS cannot be reached: {message}; check the network and the region"
        )
    return Refused(f"{message} ({kind}); check your AWS settings and warehouse.toml")


def _sign_in() -> str:
    profile = f"--profile {os.environ.get('AWS_PROFILE', 'PROFILE')}"
    return (
        f"sign in (`aws sso login {profile}`, `aws login {profile}`) or set AWS_PROFILE"
    )
