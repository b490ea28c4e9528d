"""How the cluster stands: state, endpoint, cost, and what differs from the settings."""

import shlex
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from aws import Clients
from errors import Refused, WarehouseError
from settings import Settings

from cluster.found import Found, look
from cluster.plan import plan
from cluster.wait import GOING, Clock, not_usable, state_of
from cluster.wanted import (
    checked_name,
    dollars_an_hour,
    missing_message,
    wanted,
)


@dataclass(frozen=True)
class ClusterStatus:
    """The cluster half of `status`; `dataclasses.asdict` gives its JSON.

    `state` is AWS's word, or `missing`. `message` says why nobody can work with the
    cluster and what to do about it; it is empty when the cluster is usable.
    Dollars are an estimate, `dollars_at_most` as if the cluster had never been paused.
    """

    name: str
    region: str
    state: str
    message: str
    host: str = ""
    port: int = 0
    database: str = ""
    user: str = ""
    node_type: str = ""
    nodes: int = 0
    age_hours: float = 0.0
    dollars_an_hour: float | None = None
    dollars_at_most: float | None = None
    drift: list[str] = field(default_factory=list)


def cluster_status(settings: Settings) -> ClusterStatus:
    """Look at the cluster; changes nothing.

    Raises Refused for missing permissions, and for a cluster that is not ours.
    """
    checked_name(settings.cluster)
    clients = Clients(settings.cluster.region)
    found = look(clients, settings.cluster)
    return described(
        settings, found.cluster, [] if found.nothing else _drift(settings, found)
    )


def require_usable(settings: Settings) -> ClusterStatus:
    """For whoever is about to connect. Raises Refused if nobody can, and says why."""
    status = cluster_status(settings)
    if status.message:
        raise Refused(status.message)
    return status


def described(
    settings: Settings, cluster: dict[str, Any] | None, drift: list[str]
) -> ClusterStatus:
    """The status of a cluster as AWS describes it, or of a missing one."""
    name, region = settings.cluster.name, settings.cluster.region
    if cluster is None:
        missing = missing_message(settings.cluster)
        return ClusterStatus(name, region, "missing", missing, drift=drift)
    age = datetime.now(UTC) - cluster["ClusterCreateTime"]
    hours = age.total_seconds() / 3600
    price = dollars_an_hour(cluster["NodeType"], cluster["NumberOfNodes"])
    endpoint = cluster.get("Endpoint", {})
    return ClusterStatus(
        name=name,
        region=region,
        state=state_of(cluster),
        message=_message(name, cluster),
        host=endpoint.get("Address", ""),
        port=endpoint.get("Port", 0),
        database=cluster["DBName"],
        user=cluster["MasterUsername"],
        node_type=cluster["NodeType"],
        nodes=cluster["NumberOfNodes"],
        age_hours=round(hours, 2),
        dollars_an_hour=price,
        dollars_at_most=None if price is None else round(price * hours, 2),
        drift=drift,
    )


def status_lines(status: ClusterStatus) -> list[str]:
    """The status for people, line by line."""
    if status.state == "missing":
        lines = [f"cluster   {status.message}"]
    else:
        price, most = status.dollars_an_hour, status.dollars_at_most
        cost = "price unknown"
        if price is not None and most is not None:
            cost = f"about ${price:.2f} an hour, at most ${most:.2f} so far"
        lines = [
            f"cluster   {status.name} in {status.region}: {status.state}",
            f"endpoint  {status.host or '-'}:{status.port}/{status.database}",
            f"nodes     {status.nodes} x {status.node_type},"
            f" {status.age_hours:.1f} hours old",
            f"cost      {cost} (an estimate, storage apart)",
        ]
        if status.message:
            lines.append(f"note      {status.message}")
    return lines + [f"drift     {line}" for line in status.drift]


def environment_lines(status: ClusterStatus) -> list[str]:
    """The variables that profiles.yml reads, as a shell takes them; no secret."""
    variables = {
        "REDSHIFT_HOST": status.host,
        "REDSHIFT_PORT": str(status.port),
        "REDSHIFT_DATABASE": status.database,
        "REDSHIFT_USER": status.user,
        "REDSHIFT_CLUSTER": status.name,
        "REDSHIFT_REGION": status.region,
    }
    return [f"export {key}={shlex.quote(value)}" for key, value in variables.items()]


def _message(name: str, cluster: dict[str, Any]) -> str:
    state = state_of(cluster)
    if state in {"paused", "pausing"}:
        return f"cluster {name} is paused; `up` resumes it"
    if state in GOING:
        return f"cluster {name} is being deleted; `up` makes it anew"
    reason = not_usable(cluster)
    return f"cluster {name} is not usable yet: {reason}; `up` waits" if reason else ""


def _drift(settings: Settings, found: Found) -> list[str]:
    clients = Clients(settings.cluster.region)
    try:
        steps = plan(clients, wanted(settings), found, Clock(0))
    except WarehouseError as error:
        return [error.message]
    return [str(step) for step in steps if step.drift]
