"""Waiting for AWS: until a cluster is really usable, paused or gone."""

import time
from collections.abc import Callable
from functools import cached_property
from typing import Any

import aws
import click
from aws import Clients
from errors import OutOfTime, WarehouseError

from cluster.found import find_cluster

# States of a cluster that is on its way out.
GOING = {"deleting", "final-snapshot"}
# States that no waiting mends, and what does.
HOPELESS = {
    "hardware-failure": "AWS is replacing the hardware; look at the console",
    "incompatible-hsm": "its key store cannot be reached; `down`, then `up`",
    "incompatible-network": "its subnet or address is gone; mend it, or `down`, `up`",
    "incompatible-parameters": "its parameter group does not fit; `down`, then `up`",
    "incompatible-restore": "it could not be restored; `down`, then `up`",
    "storage-full": "its disks are full; set more nodes in the console",
}
# Changes that we ask for and that a cluster takes over after saying `available`.
PENDING = {"ClusterType", "EncryptionType", "NodeType", "NumberOfNodes"}
PENDING |= {"PubliclyAccessible"}


def say(text: str) -> None:
    """Progress: on stderr, so that stdout holds the result alone."""
    click.echo(text, err=True)


class Clock:
    """Time that is left, in seconds; it runs from the first look at it.

    So the time in which the user is asked does not count.
    """

    def __init__(self, minutes: float) -> None:
        self.minutes = minutes

    @cached_property
    def end(self) -> float:
        return time.monotonic() + self.minutes * 60

    def left(self) -> float:
        return self.end - time.monotonic()

    def at_most(self, minutes: float) -> "Clock":
        """A shorter limit, never past this one."""
        return Clock(min(minutes, self.left() / 60))


def wait(reason_to_wait: Callable[[], str | None], what: str, clock: Clock) -> None:
    """Ask until there is no reason to wait any more, and say how it stands.

    Asks after half a second first and every 15 seconds in the end. Raises OutOfTime
    when the clock has run out.
    """
    started = said_at = time.monotonic()
    said, pause = "", 0.5
    while (reason := reason_to_wait()) is not None:
        now = time.monotonic()
        if reason != said or now - said_at >= 60:
            say(f"  {what}: {reason} ({now - started:.0f} s)")
            said, said_at = reason, now
        if clock.left() <= 0:
            raise OutOfTime(
                f"{what}: still {reason} after {round(clock.minutes, 1):g} minutes;"
                " run the same command again, nothing is lost"
            )
        time.sleep(min(pause, max(clock.left(), 0)))
        pause = min(pause * 1.5, 15)


def when_free(call: Callable[[], object], what: str, clock: Clock) -> None:
    """Call, and call again while AWS says that another change is running."""
    from botocore.exceptions import ClientError

    def attempt() -> str | None:
        try:
            call()
        except ClientError as error:
            if aws.code_of(error) != "InvalidClusterState":
                raise
            return "another change is running"
        return None

    wait(attempt, what, clock)


def state_of(cluster: dict[str, Any]) -> str:
    """AWS's word for the state of a cluster, such as `creating`."""
    return str(cluster["ClusterStatus"])


def refuse_hopeless(cluster: dict[str, Any]) -> None:
    """Raise WarehouseError for a state that no waiting mends."""
    state, name = state_of(cluster), cluster["ClusterIdentifier"]
    if state in HOPELESS:
        raise WarehouseError(f"cluster {name} is {state}: {HOPELESS[state]}")
    if cluster.get("ClusterAvailabilityStatus") == "Failed":
        raise WarehouseError(f"cluster {name} has failed ({state}); `down`, then `up`")


def not_usable(cluster: dict[str, Any]) -> str | None:
    """Why nobody can work with the cluster yet, or None when it is usable.

    `available` is not enough: it may be modifying all the same, have no endpoint
    yet, or not have taken over its role.
    """
    state = state_of(cluster)
    if not state.startswith("available"):
        return state
    available = cluster.get("ClusterAvailabilityStatus", "Available")
    if available != "Available":
        return f"{state}, but {available.lower()}"
    if not cluster.get("Endpoint", {}).get("Address"):
        return f"{state}, but without an endpoint"
    for role in cluster.get("IamRoles", []):
        if role["ApplyStatus"] != "in-sync":
            return f"{state}, role {role['ApplyStatus']}"
    for group in cluster.get("VpcSecurityGroups", []):
        if group["Status"] != "active":
            return f"{state}, security group {group['Status']}"
    pending = PENDING & set(cluster.get("PendingModifiedValues") or {})
    return f"{state}, changing {', '.join(sorted(pending))}" if pending else None


def wait_usable(clients: Clients, name: str, clock: Clock) -> dict[str, Any]:
    """Wait until somebody can work with the cluster; gives its description."""
    cluster: dict[str, Any] = {}

    def reason() -> str | None:
        found = find_cluster(clients, name)
        if found is None:
            return "not known yet"
        refuse_hopeless(found)
        cluster.update(found)
        return not_usable(found)

    with aws.plain_errors():
        wait(reason, f"cluster {name}", clock)
    return cluster


def wait_gone(clients: Clients, name: str, clock: Clock) -> None:
    """Wait until AWS has removed the cluster."""

    def reason() -> str | None:
        found = find_cluster(clients, name)
        return state_of(found) if found else None

    wait(reason, f"cluster {name}", clock)
