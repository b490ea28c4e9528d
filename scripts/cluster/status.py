"""The warehouse: state, endpoint, cost, what differs from the settings."""

import shlex

from common import aws
from common.aws import Clients
from common.errors import Refused, WarehouseError
from common.settings import Cluster, Settings

from cluster import wanted
from cluster.existing import not_usable
from cluster.plan import KINDS, look, plan
from cluster.wanted import Document

BUILDER = "sparkify_builder"  # the user that create_users makes to load and build


def cluster_status(settings: Settings) -> Document:
    """The cluster half of `status`; changes nothing.

    As `described`, with `account` and `caller`, `pauses_at`, the next pause in UTC,
    `others`, the names of other warehouses that `up` made here, and `drift`, the steps
    that `up` would take. Raises Refused for missing permissions, and for a cluster that
    is not ours.
    """
    want = wanted.checked(settings)
    existing = look(Clients(want.region), want)
    due, drift = (existing.schedule or {}).get("NextInvocations", []), list[str]()
    try:
        if not existing.nothing:
            steps = plan(wanted.wanted(settings), existing)
            drift = [step.line for step in steps if step.line[0] != ">"]
    except WarehouseError as error:
        drift = [error.message]
    return described(want, existing.cluster) | {
        "account": existing.owner.account,
        "caller": existing.owner.caller,
        "pauses_at": f"{min(due):%Y-%m-%d %H:%M}" if due else "",
        "others": existing.others,
        "drift": drift,
    }


def require_usable(settings: Settings) -> None:
    """Raise Refused, saying why, if nobody can connect; a loader's rights do."""
    want = wanted.checked(settings)
    find = KINDS[want.kind].find
    cluster = find(Clients(want.region), want.name, aws.LOADER_POLICY)
    if cluster and not wanted.is_ours(cluster, want):
        raise wanted.not_ours(wanted.label(want), want)
    if message := described(want, cluster)["message"]:
        raise Refused(message)


def described(want: Cluster, cluster: Document | None) -> Document:
    """The status of a cluster as AWS describes it, or of a missing one.

    `state` is AWS's word, or `missing`. `message` says why nobody can work with it and
    what to do; it is empty when it is usable. Dollars are an estimate, and None where
    the price is not known. The kind's `capacity` adds what only it has.
    """
    status: Document = {"kind": want.kind, "name": want.name, "region": want.region}
    if cluster is None:
        return status | {"state": "missing", "message": wanted.missing_message(want)}
    reason, endpoint = not_usable(cluster), cluster.get("Endpoint", {})
    return status | {
        "state": cluster["ClusterStatus"],
        "message": f"{wanted.label(want)} is {reason}; `up` makes it usable"
        if reason
        else "",
        "host": endpoint.get("Address", ""),
        "port": endpoint.get("Port", 0),
        "database": cluster["DBName"],
        **KINDS[want.kind].capacity(cluster),
    }


def status_lines(status: Document) -> list[tuple[str, str]]:
    """The status for people: what each field is called, and what it says."""
    lines = []
    for name, value in status.items():
        texts = value if isinstance(value, list) else [value] if value else []
        lines += [(name.replace("_", " "), str(text)) for text in texts]
    return lines


def environment_lines(status: Document) -> list[str]:
    """The variables that profiles.yml reads, as a shell takes them; no secret."""
    keys, unset = ("host", "port", "database", "region"), []
    variables = {key: status[key] for key in keys}
    if status["kind"] == "serverless":  # whose users have the names of IAM
        variables["method"], unset = "iam", ["unset REDSHIFT_CLUSTER"]
    else:
        variables |= {"user": BUILDER, "cluster": status["name"]}
    return unset + [
        f"export REDSHIFT_{key.upper()}={shlex.quote(str(value))}"
        for key, value in variables.items()
    ]
