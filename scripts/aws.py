"""Clients for AWS, and AWS's errors as one plain line."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

from errors import Refused, WarehouseError

POLICY_FILE = "scripts/cluster/operator_policy.json"

# AWS's services do not agree on the words, so each meaning has several codes.
EXPIRED = {"ExpiredToken", "ExpiredTokenException", "RequestExpired"}
UNKNOWN = {
    "AuthFailure",
    "InvalidAccessKeyId",
    "InvalidClientTokenId",
    "InvalidToken",
    "SignatureDoesNotMatch",
    "UnrecognizedClientException",
}
DENIED = {"403", "AccessDenied", "AccessDeniedException", "UnauthorizedOperation"}

# S3 says "Forbidden" and nothing else; these actions have another name than the call.
S3_ACTIONS = {"HeadBucket": "ListBucket", "HeadObject": "GetObject"}
S3_ACTIONS |= {"ListObjects": "ListBucket", "ListObjectsV2": "ListBucket"}


def client(service: str, region: str) -> Any:
    """A boto3 client; credentials and endpoints come from AWS's own chain."""
    with plain_errors():
        import boto3
        from botocore.config import Config

        return boto3.client(  # type: ignore[call-overload]
            service,
            region_name=region,
            config=Config(
                connect_timeout=10,
                read_timeout=60,
                retries={"mode": "standard", "max_attempts": 5},
            ),
        )


@contextmanager
def plain_errors(where: str = "") -> Iterator[None]:
    """Turn what botocore raises into one line; also usable as a decorator.

    `where` begins the line, for what AWS itself leaves out: S3 names no bucket.
    Raises Refused for missing, expired or insufficient credentials, WarehouseError
    for everything else that AWS or the network answers.
    """
    from botocore.exceptions import BotoCoreError, ClientError
    from botocore.parsers import ResponseParserError

    try:
        yield
    except ClientError as error:
        raise _located(where, _plain_answer(error)) from None
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


def _plain_answer(error: Any) -> WarehouseError:
    code, message, operation = code_of(error), message_of(error), error.operation_name
    if code in EXPIRED:
        return Refused(f"the AWS credentials have expired; {_log_in()}")
    if code in UNKNOWN:
        return Refused(f"AWS does not know the credentials ({code}); {_log_in()}")
    if code in DENIED:
        return Refused(
            f"not allowed: {_action(operation, message)} (call {operation});"
            f" {POLICY_FILE} has what the operator needs, attach it and try again"
        )
    return WarehouseError(
        f"AWS refused {operation}: {message} ({code}); mend that and try again"
    )


def _action(operation: str, message: str) -> str:
    # Most services name the action that was missing, which need not be the one
    # that was called: CreateCluster also wants iam:PassRole.
    named = re.search(r"not authorized to perform: ([\w-]+:\w+)", message)
    if named:
        return named.group(1)
    if operation in S3_ACTIONS:
        return f"s3:{S3_ACTIONS[operation]}"
    return operation


def _plain_trouble(error: Exception) -> WarehouseError:
    kind, message = type(error).__name__, " ".join(str(error).split())
    if kind in {"NoCredentialsError", "PartialCredentialsError", "ProfileNotFound"}:
        return Refused(f"no AWS credentials: {message.rstrip('.')}; {_log_in()}")
    if "SSO" in kind or "Token" in kind or kind == "CredentialRetrievalError":
        return Refused(f"the AWS login has expired: {message}; {_log_in()}")
    if kind in {"EndpointConnectionError", "ConnectTimeoutError", "ReadTimeoutError"}:
        return WarehouseError(
            f"AWS cannot be reached: {message}; check the network and the region"
        )
    return WarehouseError(f"AWS: {message} ({kind}); mend that and try again")


def _log_in() -> str:
    return f"run `aws sso login --profile {os.environ.get('AWS_PROFILE', 'PROFILE')}`"
