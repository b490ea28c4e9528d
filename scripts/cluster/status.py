"""How the cluster stands: state, endpoint, cost, and what differs from the settings."""

import shlex
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Any

import aws
from aws import Clients
from errors import Refused, WarehouseError
from settings import Cluster, Settings

from cluster.cost import PRICES_OF, dollars_an_hour
from cluster.found import Found, find_cluster, look
from cluster.plan import plan
from cluster.wait import GOING, not_usable, state_of
from cluster.wanted import TAG, checked, is_ours, missing_message, wanted


@dataclass(frozen=True)
class ClusterStatus:
    """The cluster half of `status`; `dataclasses.asdict` gives its JSON.

    `state` is AWS's word, or `missing`. `message` says why nobody can work with the
    cluster and what to do about it; it is empty when the cluster is usable.
    Dollars are an estimate, `dollars_at_most` as if the cluster had never been paused.
    `pauses_at` is when the scheduled action next pauses it, in UTC; `others` are the
    clusters of other names that `up` made in this region.
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
    account: str = ""
    caller: str = ""
    pauses_at: str = ""
    others: list[str] = field(default_factory=list)
    drift: list[str] = field(default_factory=list)


def cluster_status(settings: Settings) -> ClusterStatus:
    """Look at all that belongs to the cluster; changes nothing.

    Raises Refused for missing permissions, and for a cluster that is not ours.
    """
    want = checked(settings.cluster)
    found = look(Clients(want.region), want)
    due = (found.schedule or {}).get("NextInvocations", [])
    return replace(
        described(settings, found.cluster),
        account=found.account,
        caller=found.caller,
        pauses_at=f"{min(due):%Y-%m-%d %H:%M}" if due else "",
        others=found.others,
        drift=[] if found.nothing else _drift(settings, found),
    )


def require_usable(settings: Settings) -> ClusterStatus:
    """Raise Refused, saying why, if nobody can connect to the cluster.

    Takes no more rights than to describe it: the policy of who loads has just that.
    """
    want = checked(settings.cluster)
    with aws.plain_errors(policy=aws.LOADER_POLICY):
        cluster = find_cluster(Clients(want.region), want.name)
    if cluster and not is_ours(cluster, want):
        raise Refused(
            f"cluster {want.name} is not ours (no tag {TAG} = {want.name}); choose"
            " another [cluster] name"
        )
    status = described(settings, cluster)
    if status.message:
        raise Refused(status.message)
    return status


def described(settings: Settings, cluster: dict[str, Any] | None) -> ClusterStatus:
    """The status of a cluster as AWS describes it, or of a missing one."""
    want = settings.cluster
    if cluster is None:
        missing = missing_message(want)
        return ClusterStatus(want.name, want.region, "missing", missing)
    age = datetime.now(UTC) - cluster["ClusterCreateTime"]
    hours = age.total_seconds() / 3600
    nodes, public = cluster["NumberOfNodes"], cluster["PubliclyAccessible"]
    price = dollars_an_hour(cluster["NodeType"], nodes, public)
    endpoint = cluster.get("Endpoint", {})
    return ClusterStatus(
        name=want.name,
        region=want.region,
        state=state_of(cluster),
        message=_message(want, cluster),
        host=endpoint.get("Address", ""),
        port=endpoint.get("Port", 0),
        database=cluster["DBName"],
        user=cluster["MasterUsername"],
        node_type=cluster["NodeType"],
        nodes=nodes,
        age_hours=round(hours, 2),
        dollars_an_hour=price,
        dollars_at_most=None if price is None else round(price * hours, 2),
    )


def status_lines(status: ClusterStatus) -> list[str]:
    """The status for people, line by line."""
    lines = [f"account   {status.account}, as {status.caller}"]
    if status.state == "missing":
        lines.append(f"cluster   {status.message}")
    else:
        price, most = status.dollars_an_hour, status.dollars_at_most
        cost = "price unknown"
        if price is not None and most is not None:
            cost = f"about ${price:.2f} an hour, at most ${most:.2f} so far"
        pauses = f"{status.pauses_at} UTC" if status.pauses_at else "not by itself"
        lines += [
            f"cluster   {status.name} in {status.region}: {status.state}",
            f"endpoint  {status.host or '-'}:{status.port}/{status.database}",
            f"nodes     {status.nodes} x {status.node_type},"
            f" {status.age_hours:.1f} hours old",
            f"cost      {cost}",
            f"          ({PRICES_OF}; storage and secret not counted)",
            f"pauses    {pauses}",
        ]
        if status.message:
            lines.append(f"note      {status.message}")
    lines += [
        f"other     cluster {name} has our tag, and another [cluster] name"
        for name in status.others
    ]
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


def _message(want: Cluster, cluster: dict[str, Any]) -> str:
    state, name = state_of(cluster), want.name
    if state in {"paused", "pausing"}:
        return f"cluster {name} is paused; `up` resumes it"
    if state in GOING:
        return f"cluster {name} is being deleted; `up` makes it again"
    reason = not_usable(cluster)
    return f"cluster {name} is not usable yet: {reason}; `up` waits" if reason else ""


def _drift(settings: Settings, found: Found) -> list[str]:
    try:
        steps = plan(wanted(settings), found)
    except WarehouseError as error:
        return [error.message]
    return [str(step) for step in steps if step.drift]
