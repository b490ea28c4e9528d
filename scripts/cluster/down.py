"""`pause` and `down`: stop paying, and leave nothing behind."""

import re
from typing import Any

from aws import Clients
from errors import Refused, WarehouseError
from settings import Settings

from cluster import wanted
from cluster.found import Found, find_snapshots, look
from cluster.plan import remove_role, remove_schedule, tag_cluster
from cluster.step import Step, step
from cluster.take import apply, changed, say_whose
from cluster.wait import GOING, after, refuse_hopeless, state_of
from cluster.wanted import TAG, missing_message


def pause(settings: Settings, *, minutes: float) -> list[Step]:
    """Pause the cluster and wait for it; gives no step when it was paused already.

    Raises Refused where there is no cluster to pause.
    """
    want = wanted.checked(settings.cluster)
    clients = Clients(want.region)
    found = look(clients, want)
    cluster = found.cluster
    if cluster is None or state_of(cluster) in GOING:
        raise Refused(missing_message(want))
    refuse_hopeless(cluster)
    state, what = state_of(cluster), f"~ cluster {want.name}: pause"
    if state == "paused":
        return []
    say_whose(found, want.region)
    call = "" if state == "pausing" else "redshift.pause_cluster"
    steps = [step(what, call, "paused", ClusterIdentifier=want.name)]
    apply(clients, want.name, steps, after(minutes))
    return steps


def down_plan(settings: Settings, snapshot: str, days: int) -> list[Step]:
    """What `down` would remove, in order; changes nothing.

    A `snapshot` of that name is kept for so many days; an empty name keeps none.
    """
    want = wanted.checked(settings.cluster)
    clients = Clients(want.region)
    found = look(clients, want)
    say_whose(found, want.region)
    if snapshot:
        _check_snapshot(clients, settings, found, snapshot)
    steps = []
    if found.schedule:
        steps.append(remove_schedule(wanted.pause_name(want)))
    if found.cluster:
        if not wanted.is_ours(found.cluster, want):
            steps.append(tag_cluster(want, found))
        steps.append(_remove_cluster(found.cluster, snapshot, days))
    for group in found.groups:
        what = f"- security group {wanted.group_name(want)}"
        steps.append(step(what, "ec2.delete_security_group", GroupId=group.id))
    for name, role in found.roles.items():
        steps += remove_role(name, role)
    return steps


def down(settings: Settings, steps: list[Step], *, minutes: float) -> None:
    """Take the steps of `down_plan`, then look again that nothing is left."""
    clients, name = Clients(settings.cluster.region), settings.cluster.name
    apply(clients, name, steps, after(minutes))
    with changed():
        left = look(clients, settings.cluster)
    if not left.nothing:
        raise WarehouseError(
            f"something tagged {TAG} = {name} is left; run the same command again"
        )


def kept_snapshots(settings: Settings) -> list[str]:
    """The names of the snapshots that outlive the cluster, and cost."""
    return sorted(find_snapshots(Clients(settings.cluster.region), settings.cluster))


def _check_snapshot(
    clients: Clients, settings: Settings, found: Found, snapshot: str
) -> None:
    if not re.fullmatch(r"[a-z]([a-z0-9]|-(?=[a-z0-9])){0,254}", snapshot):
        raise Refused(
            f'"{snapshot}" cannot name a snapshot: lower case letters, digits and'
            " single hyphens, a letter first"
        )
    exists = snapshot in find_snapshots(clients, settings.cluster)
    running = found.cluster and state_of(found.cluster) not in GOING
    if running and exists:
        raise Refused(f"snapshot {snapshot} exists; choose another name")
    if not found.cluster and not exists:
        raise Refused(
            f"{missing_message(settings.cluster)}, so there is nothing to take a"
            " snapshot of; leave --snapshot out"
        )


def _remove_cluster(cluster: dict[str, Any], snapshot: str, days: int) -> Step:
    what = f"- cluster {cluster['ClusterIdentifier']} with all its data"
    if state_of(cluster) in GOING:
        return step(f"{what} (going already)", until="gone")
    params = {
        "ClusterIdentifier": cluster["ClusterIdentifier"],
        "SkipFinalClusterSnapshot": not snapshot,
    }
    if snapshot:
        params["FinalClusterSnapshotIdentifier"] = snapshot
        params["FinalClusterSnapshotRetentionPeriod"] = days
        what += f", after snapshot {snapshot}, kept {days} days"
    else:
        what += ", without a snapshot"
    return step(what, "redshift.delete_cluster", "gone", **params)
