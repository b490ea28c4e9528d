"""Taking the steps of a plan: the only place that changes anything in the account."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import aws
from aws import Clients
from errors import OutOfTime, Refused, WarehouseError
from messages import say

from cluster.found import Found, find_cluster
from cluster.step import OUR_GROUP, Step
from cluster.wait import (
    HOPELESS,
    STALE_MINUTES,
    not_usable,
    state_of,
    wait,
    wait_until,
)
from cluster.wanted import BOUNDARY

# AWS lets go of a group a few minutes after the cluster is gone.
GROUP_MINUTES = 10.0
IN_USE = {"DependencyViolation", "InvalidGroup.InUse"}
# For a step that removes: what it removes is gone. For one that makes: it is there.
GONE = {
    "ClusterNotFound",
    "InvalidGroup.NotFound",
    "InvalidSecurityGroupRuleId.NotFound",
    "NoSuchEntity",
    "ScheduledActionNotFound",
}
THERE = {"InvalidPermission.Duplicate"}
# AWS tells all its parts of something new within seconds, but not at once.
NOT_KNOWN_YET = {"InvalidGroup.NotFound", "NoSuchEntity", "ResourceNotFoundFault"}


def apply(clients: Clients, name: str, steps: list[Step], end: float) -> None:
    """Take the steps in order. What was done before an error stays as it is."""
    group = ""
    for number, step in enumerate(steps):
        say(str(step))
        with changed(number > 0), aws.plain_errors():
            if step.call:
                answer = _call(clients, name, step, group, end)
                group = answer.get("GroupId") or group
        if step.until:
            with changed():
                wait_until(step.until, clients, name, end)


def say_whose(found: Found, region: str) -> None:
    """Say whose account this is, before anything is made or removed in it."""
    say(f"account {found.account} in {region}, as {found.caller}")
    if found.others:
        say(
            f"`up` made these, too, under other names: {', '.join(found.others)};"
            " each costs until `down` with that [cluster] name"
        )


@contextmanager
def changed(really: bool = True) -> Iterator[None]:
    """Once something was changed an error is no longer `refused before`."""
    try:
        yield
    except Refused as error:
        if not really:
            raise
        raise WarehouseError(
            f"{error.message}; what was done stays, the same command goes on from there"
        ) from None


def _call(
    clients: Clients, name: str, step: Step, group: str, end: float
) -> dict[str, Any]:
    """Make the call; make it again while AWS refuses for a reason that passes."""
    from botocore.exceptions import ClientError

    service, method = step.call.split(".")
    call = getattr(getattr(clients, service), method)
    params = json.loads(json.dumps(step.params).replace(OUR_GROUP, group))
    answer: dict[str, Any] = {}
    started = time.monotonic()

    def attempt() -> str | None:
        try:
            answer.update(call(**params) or {})
        except ClientError as error:
            code, words = aws.code_of(error), aws.message_of(error)
            if code in (GONE if step.sign == "-" else THERE):
                return None
            _refuse_boundary(step, code, words)
            patience = _patience(clients, name, step, error)
            if patience is None:
                raise
            if (now := time.monotonic()) >= min(end, started + patience * 60):
                if code in IN_USE:
                    raise _held(clients, params["GroupId"]) from None
                if now < end:
                    raise
            return f'AWS says "{words}"'
        return None

    wait(attempt, step.what, end)
    return answer


def _patience(clients: Clients, name: str, step: Step, error: Any) -> float | None:
    """For how many minutes to repeat a call that AWS refused; None for not at all."""
    code, words = aws.code_of(error), aws.message_of(error).lower()
    if code in aws.DENIED:
        return None
    if code.startswith("InvalidClusterState") or code == "ClusterNotFound":
        # Another change is running, which passes, or the state forbids the call.
        cluster = find_cluster(clients, name)
        passes = cluster and not_usable(cluster) and state_of(cluster) != "paused"
        if cluster and passes and state_of(cluster) not in HOPELESS:
            return float("inf")
        return STALE_MINUTES
    if code in IN_USE:
        return GROUP_MINUTES
    if code in NOT_KNOWN_YET or "iam role" in words:
        return STALE_MINUTES
    return None


def _refuse_boundary(step: Step, code: str, words: str) -> None:
    if step.call != "iam.create_role" or code not in {*aws.DENIED, "NoSuchEntity"}:
        return
    if "explicit deny" in words:
        return
    boundary = step.params["PermissionsBoundary"]
    raise Refused(
        f"not allowed: iam:CreateRole; {aws.OPERATOR_POLICY} allows it with the"
        f" boundary {boundary} only, which an administrator makes once, with your"
        f" buckets filled in: `aws iam create-policy --policy-name {BOUNDARY}"
        f" --policy-document file://{aws.BOUNDARY_POLICY}`"
        f" (AWS: {words}, {code} in CreateRole)"
    )


def _held(clients: Clients, group: str) -> OutOfTime:
    holders = clients.ec2.describe_network_interfaces(
        Filters=[{"Name": "group-id", "Values": [group]}]
    )["NetworkInterfaces"]
    named = ", ".join(
        f"{item['NetworkInterfaceId']} ({item.get('Description') or 'no name'})"
        for item in holders
    )
    return OutOfTime(
        f"security group {group} is still held by {named or 'another security group'};"
        " run the same command again"
    )
