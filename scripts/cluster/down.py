"""`pause` and `down`: stop paying, and leave nothing behind."""

from aws import Clients
from errors import Refused, WarehouseError
from settings import Settings

from cluster import wanted
from cluster.found import GOING, find_snapshots, look, refuse_hopeless
from cluster.plan import Step, remove_role, remove_schedule, step, tag_cluster
from cluster.take import after, apply, changed, say_whose
from cluster.wanted import TAG, Document, missing_message


def pause(settings: Settings, *, minutes: float) -> list[Step]:
    """Pause the cluster and wait for it; gives no step when it was paused already.

    Raises Refused where there is no cluster to pause.
    """
    want = wanted.checked(settings.cluster)
    clients = Clients(want.region)
    found = look(clients, want)
    if not (cluster := found.there):
        raise Refused(missing_message(want))
    refuse_hopeless(cluster)
    if (state := cluster["ClusterStatus"]) == "paused":
        return []
    say_whose(found, want.region)
    call = "" if state == "pausing" else "redshift.pause_cluster"
    told = f"~ cluster {want.name}: pause"
    steps = [step(told, call, "paused", ClusterIdentifier=want.name)]
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
    steps = []
    if found.cluster:
        if not wanted.is_ours(found.cluster, want):
            steps.append(tag_cluster(want, found))
        steps.append(_remove_cluster(found.cluster, snapshot, days))
    elif snapshot and snapshot not in find_snapshots(clients, want):
        raise Refused(
            f"{missing_message(want)}, so there is nothing to take a snapshot of;"
            " leave --snapshot out"
        )
    # Until the cluster is gone it may pause by itself: AWS may refuse to remove it.
    if found.schedule:
        steps.append(remove_schedule(wanted.pause_name(want)))
    for group in found.groups:
        told = f"- security group {wanted.group_name(want)}"
        steps.append(step(told, "ec2.delete_security_group", GroupId=group.id))
    for name, role in found.roles.items():
        steps += remove_role(name, role)
    return steps


def down(settings: Settings, steps: list[Step], *, minutes: float) -> list[str]:
    """Take the steps of `down_plan`, then look again that nothing is left.

    Gives the names of the snapshots that outlive the cluster, and cost.
    """
    want, clients = settings.cluster, Clients(settings.cluster.region)
    apply(clients, want.name, steps, after(minutes))
    with changed(bool(steps)):
        left = look(clients, want)
    if not left.nothing:
        raise WarehouseError(
            f"something tagged {TAG} = {want.name} is left; run the same command again"
        )
    return sorted(find_snapshots(clients, want))


def _remove_cluster(cluster: Document, snapshot: str, days: int) -> Step:
    told = f"- cluster {cluster['ClusterIdentifier']} with all its data"
    if cluster["ClusterStatus"] in GOING:
        return step(f"{told} (going already)", until="gone")
    told += (
        f", after snapshot {snapshot}, kept {days} days"
        if snapshot
        else ", without a snapshot"
    )
    params = {
        "ClusterIdentifier": cluster["ClusterIdentifier"],
        "SkipFinalClusterSnapshot": not snapshot,
    }
    if snapshot:
        params["FinalClusterSnapshotIdentifier"] = snapshot
        params["FinalClusterSnapshotRetentionPeriod"] = days
    return step(told, "redshift.delete_cluster", "gone", **params)
