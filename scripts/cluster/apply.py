"""Taking the steps of a plan: the only place that changes anything in the account."""

import json
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager

from common import aws
from common.aws import Clients
from common.errors import OutOfTime, Refused, WarehouseError
from common.messages import say
from common.settings import Cluster

from cluster.existing import HOPELESS, Existing, not_usable, refuse_hopeless
from cluster.look import KINDS
from cluster.steps import Step
from cluster.wanted import BOUNDARY, Document, label

FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds
# How long AWS may tell of the state before a change, or not know something new.
STALE_MINUTES = 0.5
# AWS lets go of a group a few minutes after the cluster is gone.
GROUP_MINUTES = 10.0
# What AWS answers, by its codes: something is held, not known yet (its parts learn
# of it within seconds, but not at once) or gone, there already, or being changed.
IN_USE = "DependencyViolation|InvalidGroup.InUse"
NOT_FOUND = "NotFound|NoSuchEntity"
THERE = "InvalidPermission.Duplicate"
CHANGING = "InvalidClusterState|ClusterNotFound|ConflictException"
HALF_WAY = "what was done stays, and AWS goes on; the same command goes on from there"
# How the line begins where a call fails, and the file that has the right to it.
AT_FAULT = {
    "serverless.create_usage_limit": (
        "not usable, because its daily limit is not in place",
        aws.OPERATOR_POLICY,
    ),
    "serverless.restore_from_snapshot": ("", aws.RESTORE_POLICY),
}


class Waiting:
    """Waits between two looks, longer each time, and says why."""

    def __init__(self, what: str, end: float) -> None:
        self.what, self.end, self.said, self.pause = what, end, "", FIRST_PAUSE
        self.started = self.said_at = time.monotonic()

    def longer_than(self, minutes: float) -> bool:
        return time.monotonic() >= self.started + minutes * 60

    def because(self, reason: str) -> None:
        """Wait a while. Raises OutOfTime at the end."""
        now = time.monotonic()
        passed = f"{now - self.started:.0f} s"
        if reason != self.said or now - self.said_at >= 60:
            say(f"  {self.what}: {reason} ({passed})")
            self.said, self.said_at = reason, now
        if now >= self.end:
            raise OutOfTime(
                f"{self.what}: still {reason} after {passed};"
                " run the same command again, nothing is lost"
            )
        time.sleep(min(self.pause, self.end - now))
        self.pause = min(self.pause * 1.5, LONGEST_PAUSE)


def after(minutes: float) -> float:
    """The end of so many minutes from now, on the monotonic clock."""
    return time.monotonic() + minutes * 60


def apply_steps(clients: Clients, want: Cluster, steps: list[Step], end: float) -> None:
    """Take the steps in order. What was done before an error stays as it is."""
    made = dict[str, str]()
    for number, step in enumerate(steps):
        say(str(step))
        with changed(number > 0), aws.plain_errors(*AT_FAULT.get(step.call, ())):
            if step.call:
                made |= _flat(_call(clients, want, step, made, end))
        if step.until:
            with changed():
                wait_until(step.until, clients, want, end)


def say_whose(found: Existing, region: str) -> None:
    """Say whose account this is, before anything is made or removed in it."""
    say(f"account {found.owner.account} in {region}, as {found.owner.caller}")
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
        raise WarehouseError(f"{error.message}; {HALF_WAY}") from None


def wait_until(what: str, clients: Clients, want: Cluster, end: float) -> Document:
    """Wait until it is `usable`, `gone` or in a state; gives its description.

    Raises WarehouseError when it vanishes, or gets into a state that does not pass.
    """
    find = KINDS[want.kind].find
    waiting, seen = Waiting(label(want), end), False
    while True:
        cluster, reason = find(clients, want.name), "not known yet"
        if cluster:
            seen, reason = True, cluster["ClusterStatus"]
            if what == "usable":
                refuse_hopeless(cluster)
                reason = not_usable(cluster)
            if reason in {"", what}:
                return dict(cluster)
        elif what == "gone":
            return {}
        elif seen or waiting.longer_than(STALE_MINUTES):
            raise WarehouseError(
                f"{label(want)} is gone: somebody removed it meanwhile;"
                " run `up` to make it again"
            )
        waiting.because(reason)


def _flat(answer: Document) -> dict[str, str]:
    """The texts in AWS's answer: `GroupId`, or `namespace.namespaceArn`."""
    within = {
        f"{key}.{name}": text
        for key, value in answer.items()
        if isinstance(value, dict)
        for name, text in value.items()
    }
    return {key: text for key, text in (answer | within).items() if type(text) is str}


def _call(
    clients: Clients, want: Cluster, step: Step, made: dict[str, str], end: float
) -> Document:
    """Make the call; make it again while AWS refuses for a reason that passes."""
    from botocore.exceptions import ClientError

    service, method = step.call.split(".")
    call = getattr(getattr(clients, service), method)
    text = json.dumps(step.params)
    for key, value in made.items():
        text = text.replace(f"<{key}>", value)
    params = json.loads(text)
    waiting = Waiting(step.line[2:], end)
    while True:
        try:
            return dict(call(**params) or {})
        except ClientError as error:
            code, words = aws.code_of(error), aws.message_of(error)
            if re.search(NOT_FOUND if step.line[0] == "-" else THERE, code):
                return {}
            _refuse_boundary(step, code, words)
            late = time.monotonic() >= end or waiting.longer_than(GROUP_MINUTES)
            if late and re.search(IN_USE, code):
                raise _held(clients, params["GroupId"]) from None
            if waiting.longer_than(_patience(clients, want, code, words)):
                raise
        waiting.because(f'AWS says "{words}"')


def _patience(clients: Clients, want: Cluster, code: str, words: str) -> float:
    """For how many minutes to repeat a call that AWS refused."""
    if code in aws.DENIED:
        return 0
    if re.search(CHANGING, code):
        # Another change is running, which passes, or the state forbids the call.
        cluster = KINDS[want.kind].find(clients, want.name)
        state = cluster["ClusterStatus"] if cluster else "paused"
        stays = re.fullmatch(f"paused|{HOPELESS}", state)
        passes = cluster and not_usable(cluster) and not stays
        return float("inf") if passes else STALE_MINUTES
    if re.search(IN_USE, code):
        return GROUP_MINUTES
    new = re.search(NOT_FOUND, code) or "iam role" in words.lower()
    return STALE_MINUTES if new else 0


def _refuse_boundary(step: Step, code: str, words: str) -> None:
    missing = code in {*aws.DENIED, "NoSuchEntity"} and "explicit deny" not in words
    if step.call == "iam.create_role" and missing:
        raise Refused(
            f"not allowed: iam:CreateRole; {aws.OPERATOR_POLICY} allows it with the"
            f" boundary {step.params['PermissionsBoundary']} only, which an"
            " administrator makes once, with your buckets filled in:"
            f" `aws iam create-policy --policy-name {BOUNDARY}"
            f" --policy-document file://{aws.BOUNDARY_POLICY}`"
            f" (AWS: {words}, {code} in CreateRole)"
        )


def _held(clients: Clients, group: str) -> OutOfTime:
    by = [{"Name": "group-id", "Values": [group]}]
    holders = [
        f"{item['NetworkInterfaceId']} ({item.get('Description') or 'no name'})"
        for item in aws.listed(clients.ec2, "describe_network_interfaces", Filters=by)
    ]
    named = ", ".join(holders) or "another security group"
    return OutOfTime(
        f"security group {group} is still held by {named}; run the same command again"
    )
