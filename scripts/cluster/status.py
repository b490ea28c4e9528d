"""The warehouse: state, endpoint, cost, what differs from the settings."""

import shlex
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from common import aws
from common.aws import Clients
from common.errors import Refused, WarehouseError
from common.settings import Cluster, Settings

from cluster import serverless
from cluster.cost import RPU_HOUR, dollars_an_hour
from cluster.existing import not_usable
from cluster.look import KINDS, look
from cluster.plan import plan
from cluster.wanted import (
    TAG,
    Document,
    checked,
    is_ours,
    label,
    missing_message,
    wanted,
)

BUILDER = "sparkify_builder"  # whom the macro create_users makes, to load and build


@dataclass(frozen=True)
class ClusterStatus:
    """The cluster half of `status`; `dataclasses.asdict` gives its JSON.

    `state` is AWS's word, or `missing`. `message` says why nobody can work with it and
    what to do; it is empty when it is usable. Dollars are an estimate. A cluster has
    nodes, `dollars_at_most` as if it had never been paused, and `pauses_at`, the next
    pause in UTC. Serverless has RPU, and `dollars_a_day`, the most that a day can cost:
    None without a daily limit. `others` are those of other names that `up` made here.
    """

    kind: str
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
    rpu: int = 0
    rpu_max: int = 0
    rpu_hours_a_day: int = 0
    age_hours: float = 0.0
    dollars_an_hour: float | None = None
    dollars_at_most: float | None = None
    dollars_a_day: float | None = None
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
    due, drift = (found.schedule or {}).get("NextInvocations", []), list[str]()
    try:
        if not found.nothing:
            steps = plan(wanted(settings), found)
            drift = [str(step) for step in steps if step.line[0] != ">"]
    except WarehouseError as error:
        drift = [error.message]
    return described(
        want,
        found.cluster,
        account=found.owner.account,
        caller=found.owner.caller,
        pauses_at=f"{min(due):%Y-%m-%d %H:%M}" if due else "",
        others=found.others,
        drift=drift,
    )


def require_usable(settings: Settings) -> ClusterStatus:
    """Raise Refused, saying why, if nobody can connect; a loader's rights do."""
    want = checked(settings.cluster)
    find = KINDS[want.kind].find
    cluster = find(Clients(want.region), want.name, aws.LOADER_POLICY)
    if cluster and not is_ours(cluster, want):
        raise Refused(
            f"{label(want)} is not ours (no tag {TAG} = {want.name}); choose another"
            " [cluster] name"
        )
    status = described(want, cluster)
    if status.message:
        raise Refused(status.message)
    return status


def described(want: Cluster, cluster: Document | None, **seen: Any) -> ClusterStatus:
    """The status of a cluster as AWS describes it, or of a missing one."""
    named: Document = {"name": want.name, "region": want.region, "kind": want.kind}
    named |= seen
    if cluster is None:
        message = missing_message(want)
        return ClusterStatus(state="missing", message=message, **named)
    reason, age = not_usable(cluster), datetime.now(UTC) - cluster["ClusterCreateTime"]
    hours, endpoint = age.total_seconds() / 3600, cluster.get("Endpoint", {})
    capacity = _rpu if want.kind == "serverless" else _nodes
    return ClusterStatus(
        state=cluster["ClusterStatus"],
        message=f"{label(want)} is {reason}; `up` makes it usable" if reason else "",
        host=endpoint.get("Address", ""),
        port=endpoint.get("Port", 0),
        database=cluster["DBName"],
        user=cluster["MasterUsername"],
        age_hours=round(hours, 2),
        **capacity(cluster, hours),
        **named,
    )


def _nodes(cluster: Document, hours: float) -> Document:
    node_type, nodes = cluster["NodeType"], cluster["NumberOfNodes"]
    price = dollars_an_hour(node_type, nodes, cluster["PubliclyAccessible"])
    return {
        "node_type": node_type,
        "nodes": nodes,
        "dollars_an_hour": price,
        "dollars_at_most": price and round(price * hours, 2),
    }


def _rpu(cluster: Document, _: float) -> Document:
    workgroup, limit = cluster["Workgroup"] or {}, serverless.daily_limit(cluster)
    base = workgroup.get("baseCapacity", 0)
    return {
        "rpu": base,
        "rpu_max": workgroup.get("maxCapacity", 0),
        "rpu_hours_a_day": limit,
        "dollars_an_hour": base * RPU_HOUR,
        "dollars_a_day": limit * RPU_HOUR if limit else None,
    }


def status_lines(status: ClusterStatus) -> list[tuple[str, str]]:
    """The status for people: what each field is called, and what it says."""
    lines = []
    for name, value in asdict(status).items():
        texts = value if isinstance(value, list) else [value] if value else []
        if name == "others":
            texts = [f"{one} has our tag, and another [cluster] name" for one in texts]
        lines += [(name.replace("_", " "), str(text)) for text in texts]
    return lines


def environment_lines(status: ClusterStatus) -> list[str]:
    """The variables that profiles.yml reads, as a shell takes them; no secret."""
    variables = {key: getattr(status, key) for key in ("host", "port", "database")}
    unset = []
    if status.kind == "serverless":  # whose users have the names of IAM
        variables |= {"method": "iam", "region": status.region}
        unset = ["unset REDSHIFT_CLUSTER"]
    else:
        variables |= {"user": BUILDER, "cluster": status.name, "region": status.region}
    return unset + [
        f"export REDSHIFT_{key.upper()}={shlex.quote(str(value))}"
        for key, value in variables.items()
    ]
