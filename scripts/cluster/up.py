"""`up`: look first, then make, repair or resume only what differs."""

from typing import Any

import aws
from aws import Clients
from errors import OutOfTime, Refused, WarehouseError
from messages import say
from settings import Settings

from cluster.cost import cost_lines
from cluster.found import Found, find_snapshots, look
from cluster.plan import plan
from cluster.step import Step
from cluster.take import apply, changed, say_whose
from cluster.wait import GOING, STALE_MINUTES, after, state_of, wait, wait_until
from cluster.wanted import places, wanted


def up(
    settings: Settings, *, minutes: float, snapshot: str = ""
) -> tuple[dict[str, Any], list[Step]]:
    """Bring the account to what the settings ask for, and wait until it is usable.

    A missing cluster is restored from `snapshot`, if that is given. Gives AWS's
    description of the cluster, and the steps taken. Raises Refused before anything is
    changed, OutOfTime after `minutes`, WarehouseError for what AWS refuses.
    """
    goal, clients = wanted(settings), Clients(settings.cluster.region)
    name, end = goal.cluster.name, after(minutes)
    steps = _first_plan(clients, goal, snapshot)
    done = _changes(steps)
    if not done:
        say("nothing to change")
    apply(clients, name, done, end)
    with changed():
        cluster = wait_until("usable", clients, name, end)
        # What was paused or changing when we looked may differ in more than was
        # plain to see: look again until nothing differs.
        while _changes(steps):
            steps = _plan_again(clients, goal, end, done)
            apply(clients, name, _changes(steps), end)
            done += _changes(steps)
            cluster = wait_until("usable", clients, name, end)
    for step in steps:  # what is left is only to be told
        say(str(step))
    return cluster, done


def up_plan(settings: Settings, snapshot: str = "") -> list[Step]:
    """What `up` would do; changes nothing."""
    clients = Clients(settings.cluster.region)
    return _first_plan(clients, wanted(settings), snapshot)


def _changes(steps: list[Step]) -> list[Step]:
    return [step for step in steps if step.sign != "!"]


def _first_plan(clients: Clients, goal: Settings, snapshot: str) -> list[Step]:
    want = goal.cluster
    found = look(clients, want)
    say_whose(found, want.region)
    _check_load(clients, goal)
    if snapshot:
        _check_snapshot(clients, goal, found, snapshot)
    steps = plan(goal, found, snapshot)
    for line in cost_lines(want.node_type, want.nodes, want.public, want.pause_at):
        say(line)
    return steps


def _plan_again(
    clients: Clients, goal: Settings, end: float, done: list[Step]
) -> list[Step]:
    steps: list[Step] = []

    def reason() -> str | None:
        steps[:] = plan(goal, look(clients, goal.cluster))
        stale = [step for step in _changes(steps) if step in done]
        return "AWS does not show it yet" if stale else None

    try:
        wait(reason, "the change", after(STALE_MINUTES, end))
    except OutOfTime:
        raise WarehouseError(
            f"changed, but not as it should be: {'; '.join(map(str, steps))};"
            " somebody may be changing it too, run the same command again"
        ) from None
    return steps


def _check_snapshot(
    clients: Clients, goal: Settings, found: Found, snapshot: str
) -> None:
    want = goal.cluster
    if found.cluster and state_of(found.cluster) not in GOING:
        raise Refused(
            f"cluster {want.name} exists, so snapshot {snapshot} cannot be restored;"
            " run `up` without --snapshot, or `down` first"
        )
    kept = find_snapshots(clients, want)
    if snapshot not in kept:
        raise Refused(
            f"there is no snapshot {snapshot} of cluster {want.name} in {want.region};"
            f" there is {', '.join(sorted(kept)) or 'none'}"
        )
    for key, field in (
        ("node_type", "NodeType"),
        ("nodes", "NumberOfNodes"),
        ("database", "DBName"),
    ):
        if (have := kept[snapshot][field]) != getattr(want, key):
            raise Refused(
                f"snapshot {snapshot} has {key} {have}; set it so in [cluster]"
            )


def _check_load(clients: Clients, goal: Settings) -> None:
    """What a load needs is cheap to check now: a wrong region costs a cluster."""
    named = places(goal.data)
    for bucket in sorted({place.bucket for place in named.values()}):
        region = None
        located = aws.plain_errors(f"bucket {bucket}")
        with located, aws.passing("404", "NoSuchBucket"):
            answer = clients.s3.head_bucket(Bucket=bucket)
            headers = answer["ResponseMetadata"]["HTTPHeaders"]
            region = headers.get("x-amz-bucket-region", goal.data.region)
        if region is None:
            raise Refused(f"bucket {bucket} does not exist; correct [data]")
        if region != goal.data.region:
            raise Refused(
                f"bucket {bucket} is in {region}, [data] region says"
                f" {goal.data.region}, the cluster is in {goal.cluster.region};"
                f' set [data] region to "{region}"'
            )
    for place in (named["events"], named["songs"]):
        with aws.plain_errors(str(place)):
            found = clients.s3.list_objects_v2(
                Bucket=place.bucket, Prefix=place.prefix, MaxKeys=1
            )
        if not found.get("KeyCount"):
            raise Refused(f"there is nothing under {place}; correct [data]")
