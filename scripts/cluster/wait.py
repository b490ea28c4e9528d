"""Waiting for AWS: until a cluster is really usable, paused or gone."""

import time
from collections.abc import Callable
from typing import Any

import aws
from aws import Clients
from errors import OutOfTime, WarehouseError
from messages import say

from cluster.found import find_cluster

# States of a cluster that is on its way out.
GOING = {"deleting", "final-snapshot"}
# States that do not pass, and what to do.
HOPELESS = {
    "hardware-failure": "AWS is replacing the hardware; look at the console",
    "incompatible-hsm": "its key store cannot be reached; `down`, then `up`",
    "incompatible-network": "its subnet or address is gone; `down`, then `up`",
    "incompatible-parameters": "its parameter group does not fit; `down`, then `up`",
    "incompatible-restore": "it could not be restored; `down`, then `up`",
    "storage-full": "its disks are full; set more nodes in the console",
}
# How long AWS may tell of the state before a change, or not know something new.
STALE_MINUTES = 0.5


def after(minutes: float, end: float = float("inf")) -> float:
    """The end of so many minutes from now, on the monotonic clock; never past `end`."""
    return min(time.monotonic() + minutes * 60, end)


def wait(reason_to_wait: Callable[[], str | None], what: str, end: float) -> None:
    """Ask until there is no reason to wait any more, and say how it stands.

    Asks after half a second first and every 15 seconds in the end. Raises OutOfTime
    at `end`.
    """
    started = said_at = time.monotonic()
    said, pause = "", 0.5
    while (reason := reason_to_wait()) is not None:
        now = time.monotonic()
        if reason != said or now - said_at >= 60:
            say(f"  {what}: {reason} ({now - started:.0f} s)")
            said, said_at = reason, now
        if now >= end:
            raise OutOfTime(
                f"{what}: still {reason} after {now - started:.0f} s;"
                " run the same command again, nothing is lost"
            )
        time.sleep(max(min(pause, end - now), 0))
        pause = min(pause * 1.5, 15)


def state_of(cluster: dict[str, Any]) -> str:
    """AWS's word for the state of a cluster, such as `creating`."""
    return str(cluster["ClusterStatus"])


def refuse_hopeless(cluster: dict[str, Any]) -> None:
    """Raise WarehouseError for a state that does not pass."""
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
    return None


def wait_until(what: str, clients: Clients, name: str, end: float) -> dict[str, Any]:
    """Wait until the cluster is `usable`, `paused` or `gone`; gives its description.

    Raises WarehouseError when it vanishes, or gets into a state that does not pass.
    """
    cluster: dict[str, Any] = {}
    new = after(STALE_MINUTES, end)

    def reason() -> str | None:
        found = find_cluster(clients, name)
        if found is None:
            if what == "gone":
                return None
            if cluster or time.monotonic() >= new:
                raise WarehouseError(
                    f"cluster {name} is gone: somebody removed it meanwhile;"
                    " run `up` to make it again"
                )
            return "not known yet"
        cluster.update(found)
        if what == "usable":
            refuse_hopeless(found)
            return not_usable(found)
        return None if (state := state_of(found)) == what else state

    with aws.plain_errors():
        wait(reason, f"cluster {name}", end)
    return cluster
