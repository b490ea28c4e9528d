"""`pause` and `down`: stop paying, and leave nothing behind."""

from common.aws import Clients
from common.errors import Refused, WarehouseError
from common.settings import Settings

from cluster import plan, wanted
from cluster.apply import after, apply_steps, changed, say_whose
from cluster.existing import refuse_hopeless
from cluster.look import KINDS, look
from cluster.steps import Step, step
from cluster.wanted import TAG, missing_message


def pause(settings: Settings, *, minutes: float) -> list[Step]:
    """Pause the cluster and wait for it; gives no step when it was paused already.

    Raises Refused where there is no cluster to pause.
    """
    want = wanted.checked(settings.cluster)
    clients = Clients(want.region)
    found = look(clients, want)
    if want.kind == "serverless":
        return []
    if not (cluster := found.there):
        raise Refused(missing_message(want))
    refuse_hopeless(cluster)
    if (state := cluster["ClusterStatus"]) == "paused":
        return []
    say_whose(found, want.region)
    call = "" if state == "pausing" else "redshift.pause_cluster"
    line = f"~ cluster {want.name}: pause"
    steps = [step(line, call, "paused", ClusterIdentifier=want.name)]
    apply_steps(clients, want, steps, after(minutes))
    return steps


def down_plan(settings: Settings, snapshot: str) -> list[Step]:
    """What `down` would remove, in order; changes nothing.

    A `snapshot` of that name is kept; an empty name keeps none.
    """
    want = wanted.checked(settings.cluster)
    clients = Clients(want.region)
    found = look(clients, want)
    say_whose(found, want.region)
    find = KINDS[want.kind].find_snapshots
    known = find(clients, want, found.owner) if snapshot else {}
    if found.there and want.kind == "serverless" and snapshot in known:
        # AWS would say so only when the workgroup is gone.
        raise Refused(f"there is a snapshot {snapshot} already; choose another name")
    if snapshot and not found.cluster and snapshot not in known:
        raise Refused(
            f"{missing_message(want)}, so there is nothing to take a snapshot of;"
            " leave --snapshot out"
        )
    return plan.removals(want, found, snapshot)


def down(settings: Settings, steps: list[Step], *, minutes: float) -> list[str]:
    """Take the steps of `down_plan`, then look again that nothing is left.

    Gives the names of the snapshots that outlive the cluster, and cost.
    """
    want, clients = settings.cluster, Clients(settings.cluster.region)
    apply_steps(clients, want, steps, after(minutes))
    with changed(bool(steps)):
        left = look(clients, want)
    if not left.nothing:
        raise WarehouseError(
            f"something tagged {TAG} = {want.name} is left; run the same command again"
        )
    return sorted(KINDS[want.kind].find_snapshots(clients, want, left.owner))
