"""`up`, `pause` and `down`: look first, then change only what differs."""

from common import aws
from common.aws import Clients
from common.errors import Refused, WarehouseError
from common.messages import say
from common.settings import Cluster, Settings

from cluster import apply, wanted
from cluster.existing import Existing, Step, step
from cluster.plan import KINDS, look, plan, removals
from cluster.wanted import TAG, Document

# https://aws.amazon.com/secrets-manager/pricing/, and a GB that Redshift keeps
STORED = "cost: always $0.40 a month for the secret, $0.024 a month for each GB stored"


def up_plan(clients: Clients, settings: Settings, snapshot: str) -> list[Step]:
    """What `up` would do, in order; changes nothing.

    A missing warehouse is restored from `snapshot`, unless that is empty. Raises
    Refused for settings, rights and names that cannot work.
    """
    goal = wanted.wanted(settings)
    existing = look(clients, goal.cluster, announce=True)
    _check_load(clients, goal)
    if snapshot:
        snapshot = _check_snapshot(goal.cluster, existing, snapshot)
    steps = plan(goal, existing, snapshot)
    say(f"cost: {KINDS[goal.cluster.kind].cost(goal.cluster)}")
    say(STORED)
    return steps


def up(
    clients: Clients, goal: Settings, steps: list[Step]
) -> tuple[Document, list[Step]]:
    """Take the steps of `up_plan`, and wait until the warehouse is usable.

    Gives AWS's description and the steps taken. Raises OutOfTime, and WarehouseError
    for what AWS refuses.
    """
    want, waiting = goal.cluster, apply.Waiting("the change")
    if not changes(steps):
        say("nothing to change")
    with apply.resumable() as done:
        # A paused or changing cluster may differ in more than it showed, and AWS shows
        # a change late: look again until nothing differs.
        while left := changes(steps):
            if any(one in done for one in left):
                waiting.because(f"AWS does not show it yet: {left[0].line}")
            else:
                apply.apply_steps(clients, want, left, done)
                apply.wait_until("usable", clients, want)
                waiting = apply.Waiting("the change")
            steps = plan(goal, look(clients, want))
        cluster = apply.wait_until("usable", clients, want)
    for one in steps:  # what is left changes nothing
        say(one.line)
    return cluster, done


def changes(steps: list[Step]) -> list[Step]:
    """The steps that do more than inform."""
    return [step for step in steps if step.line[0] != "!"]


def pause(clients: Clients, settings: Settings) -> list[Step]:
    """Pause the cluster and wait for it; no step if it was paused, or is Serverless.

    Raises Refused where there is no cluster to pause.
    """
    want = wanted.checked(settings)
    existing = look(clients, want, announce=True)
    if want.kind == "serverless":
        return []
    if not (cluster := existing.there):
        raise Refused(wanted.missing_message(want))
    if (state := cluster["ClusterStatus"]) == "paused":
        return []
    call = "" if state == "pausing" else "redshift.pause_cluster"
    line = f"~ cluster {want.name}: pause"
    steps = [step(line, call, "paused", ClusterIdentifier=want.name)]
    with apply.resumable() as done:
        apply.apply_steps(clients, want, steps, done)
    return done


def down_plan(clients: Clients, settings: Settings, snapshot: str) -> list[Step]:
    """What `down` would remove, in order; changes nothing.

    A `snapshot` of that name is kept; an empty name keeps none.
    """
    want = wanted.checked(settings)
    existing = look(clients, want, announce=True)
    if existing.there and want.kind == "serverless" and snapshot in existing.snapshots:
        # AWS would refuse it only when the workgroup is gone.
        raise Refused(f"there is a snapshot {snapshot} already; choose another name")
    if snapshot and not existing.cluster and snapshot not in existing.snapshots:
        line = "there is nothing to take a snapshot of; leave --snapshot out"
        raise Refused(f"{wanted.missing_message(want)}; {line}")
    return removals(want, existing, snapshot)


def down(clients: Clients, settings: Settings, steps: list[Step]) -> list[str]:
    """Take the steps of `down_plan`, then look again that nothing is left.

    Gives the names of the snapshots that outlive the cluster, and cost.
    """
    want = settings.cluster
    with apply.resumable() as done:
        apply.apply_steps(clients, want, steps, done)
        left = look(clients, want)
    if not left.nothing:
        raise WarehouseError(
            f"something tagged {TAG} = {want.name} is left; run the same command again"
        )
    return sorted(left.snapshots)


def _check_snapshot(want: Cluster, existing: Existing, name: str) -> str:
    """How AWS refers to the snapshot: by its name, or its ARN."""
    reference = existing.snapshots.get(name, name)
    if existing.there and existing.there.get("Restoring") != reference:
        raise Refused(
            f"{wanted.label(want)} exists, so snapshot {name} cannot be restored;"
            " run `up` without --snapshot, or `down` first"
        )
    if name not in existing.snapshots:
        raise Refused(
            f"there is no snapshot {name} of {wanted.label(want)} in {want.region};"
            f" there is {', '.join(sorted(existing.snapshots)) or 'none'}"
        )
    return reference


def _check_load(clients: Clients, goal: Settings) -> None:
    """Check what a load needs now, because a bucket elsewhere costs a new cluster."""
    named, region = wanted.locations(goal.data), goal.data.region
    for bucket in sorted({location.bucket for location in named.values()}):
        with aws.plain_errors(f"bucket {bucket}"):
            is_in = clients.s3.head_bucket(Bucket=bucket).get("BucketRegion", region)
        if is_in != region:
            raise Refused(
                f"bucket {bucket} is in {is_in}, [data] region says {region}, the"
                f' cluster is in {goal.cluster.region}; set [data] region to "{is_in}"'
            )
    for location in (named["events"], named["songs"]):
        of = {"Bucket": location.bucket, "Prefix": location.prefix, "MaxKeys": 1}
        with aws.plain_errors(str(location)):
            answer = clients.s3.list_objects_v2(**of)
        if not answer.get("KeyCount"):
            raise Refused(f"there is nothing under {location}; correct [data]")
