"""`pause` and `down`: stop paying, and leave nothing behind."""

from collections.abc import Iterator

from aws import Clients
from errors import Refused, WarehouseError
from settings import Cluster, Settings

from cluster import wanted
from cluster.found import Found, find_snapshots, look, refuse_hopeless
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
    if snapshot and not found.cluster and snapshot not in find_snapshots(clients, want):
        raise Refused(
            f"{missing_message(want)}, so there is nothing to take a snapshot of;"
            " leave --snapshot out"
        )
    return list(_removals(want, found, snapshot, days))


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


def _removals(want: Cluster, found: Found, snapshot: str, days: int) -> Iterator[Step]:
    told = f"- cluster {want.name} with all its data"
    if found.cluster and not wanted.is_ours(found.cluster, want):
        yield tag_cluster(want, found)
    if found.there:
        params: Document = {"ClusterIdentifier": want.name}
        params["SkipFinalClusterSnapshot"] = not snapshot
        if snapshot:
            told += f", after snapshot {snapshot}, kept {days} days"
            params["FinalClusterSnapshotIdentifier"] = snapshot
            params["FinalClusterSnapshotRetentionPeriod"] = days
        else:
            told += ", without a snapshot"
        yield step(told, "redshift.delete_cluster", "gone", **params)
    elif found.cluster:
        yield step(f"{told} (going already)", until="gone")
    # Not before: if AWS refuses to remove the cluster, it still pauses by itself.
    yield from remove_schedule(want, found)
    for group in found.groups:
        told = f"- security group {wanted.group_name(want)}"
        yield step(told, "ec2.delete_security_group", GroupId=group.id)
    for name in found.roles:
        yield from remove_role(name, found)
