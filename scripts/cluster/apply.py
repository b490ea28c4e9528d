"""Apply the steps of a plan: the only place that changes anything in the account."""

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
from common.signals import explained

from cluster.existing import Step, not_usable
from cluster.plan import KINDS
from cluster.wanted import BOUNDARY, Document, label

HOPELESS = "hardware-failure|incompatible-.+|storage-full"  # states that do not pass
FIRST_PAUSE, LONGEST_PAUSE = 0.5, 15.0  # seconds
MINUTES = 45.0  # how long to wait for one thing
# How long AWS may show the state before a change, or not find something new.
STALE_MINUTES = 0.5
# AWS's codes for: in use, not found (or not yet), exists already, being changed.
IN_USE = "DependencyViolation|InvalidGroup.InUse"
NOT_FOUND = "NotFound|NoSuchEntity"
EXISTS = "InvalidPermission.Duplicate"
CHANGING = "InvalidClusterState|ClusterNotFound|ConflictException"
HALF_WAY = "what was done stays, and AWS goes on; the same command goes on from there"
# How the line begins where a call fails, and the policy file that allows the call.
CONTEXT = {
    "iam.create_role": (
        "roles need a boundary, which an administrator makes once, with your buckets"
        f" filled in: `aws iam create-policy --policy-name {BOUNDARY} --policy-document"
        f" file://{aws.BOUNDARY_POLICY}`",
        aws.OPERATOR_POLICY,
    ),
    "serverless.create_usage_limit": (
        "not usable, because its daily limit is not in place",
        aws.OPERATOR_POLICY,
    ),
    "serverless.restore_from_snapshot": ("", aws.RESTORE_POLICY),
}


class Waiting:
    """Waits between two looks, longer each time, and says why."""

    def __init__(self, what: str) -> None:
        self.what, self.said, self.pause = what, "", FIRST_PAUSE
        self.started = time.monotonic()

    def longer_than(self, minutes: float) -> bool:
        return time.monotonic() >= self.started + minutes * 60

    def because(self, reason: str) -> None:
        """Wait a while. Raises OutOfTime after MINUTES."""
        passed = f"{time.monotonic() - self.started:.0f} s"
        if self.longer_than(MINUTES):
            raise OutOfTime(
                f"{self.what}: still {reason} after {passed};"
                " run the same command again, nothing is lost"
            )
        if reason != self.said:
            say(f"  {self.what}: {reason} ({passed})")
        time.sleep(self.pause)
        self.said, self.pause = reason, min(self.pause * 1.5, LONGEST_PAUSE)


@contextmanager
def resumable() -> Iterator[list[Step]]:
    """Collect the steps done; after the first, an error is not `refused before`."""
    done = list[Step]()
    try:
        with explained(lambda: HALF_WAY):
            yield done
    except Refused as error:
        if not done:
            raise
        raise WarehouseError(f"{error.message}; {HALF_WAY}") from None


def apply_steps(
    clients: Clients, want: Cluster, steps: list[Step], done: list[Step]
) -> None:
    """Make the calls of the steps in order, and wait where a step says so."""
    made: Document = {}  # AWS's answers, from which later steps take ids
    for step in steps:
        say(step.line)
        with aws.plain_errors(*CONTEXT.get(step.call, ())):
            if step.call:
                made |= _call(clients, want, step, made)
        done.append(step)
        if step.until:
            wait_until(step.until, clients, want)


def wait_until(what: str, clients: Clients, want: Cluster) -> Document:
    """Wait until it is `usable`, `gone` or in a state; gives its description.

    Raises WarehouseError for a state that does not pass.
    """
    waiting = Waiting(label(want))
    while True:
        cluster, reason = KINDS[want.kind].find(clients, want.name), "not known yet"
        if cluster:
            reason = cluster["ClusterStatus"]
            if what == "usable":
                failed = cluster.get("ClusterAvailabilityStatus") == "Failed"
                if failed or re.fullmatch(HOPELESS, reason):
                    raise WarehouseError(
                        f"{label(want)} is {reason}, which does not pass; look at it in"
                        " the AWS console, or run `down`, then `up`"
                    )
                reason = not_usable(cluster)
            if reason in {"", what}:
                return dict(cluster)
        elif what == "gone":
            return {}
        waiting.because(reason)


def _call(clients: Clients, want: Cluster, step: Step, made: Document) -> Document:
    """Make the call; repeat it while AWS refuses for a reason that passes."""
    import jmespath
    from botocore.exceptions import ClientError

    service, method = step.call.split(".")
    call = getattr(getattr(clients, service), method)
    text = json.dumps(step.params)
    text = re.sub("<([a-zA-Z.]+)>", lambda key: jmespath.search(key[1], made), text)
    params = json.loads(text)
    waiting = Waiting(step.line[2:])
    while True:
        try:
            return dict(call(**params) or {})
        except ClientError as error:
            code, words = aws.code_of(error), aws.message_of(error)
            if re.search(NOT_FOUND if step.line[0] == "-" else EXISTS, code):
                return {}
            if waiting.longer_than(_patience(clients, want, code, words)):
                raise
        waiting.because(f'AWS says "{words}"')


def _patience(clients: Clients, want: Cluster, code: str, words: str) -> float:
    """For how many minutes to repeat a call that AWS refused."""
    if re.search(CHANGING, code):
        # Either another change is running, which passes, or the state forbids the call.
        cluster = KINDS[want.kind].find(clients, want.name)
        reason = not_usable(cluster) if cluster else ""
        passes = reason and not re.fullmatch(f"paused|{HOPELESS}", reason)
        return float("inf") if passes else STALE_MINUTES
    if re.search(IN_USE, code):  # AWS releases a group minutes after its cluster
        return float("inf")
    new = re.search(NOT_FOUND, code) or "iam role" in words.lower()
    return STALE_MINUTES if new and code not in aws.DENIED else 0
