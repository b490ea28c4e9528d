"""`up`: look first, then make, repair or resume only what differs."""

from typing import Any

import aws
from aws import Clients
from errors import OutOfTime, Refused, WarehouseError
from settings import Settings

from cluster.found import look
from cluster.plan import plan
from cluster.step import Step, apply, changed
from cluster.wait import Clock, say, wait, wait_usable
from cluster.wanted import Wanted, dollars_an_hour, wanted

# How long AWS may tell of the state before a change.
STALE_MINUTES = 0.5


def up(settings: Settings, *, minutes: float) -> dict[str, Any]:
    """Bring the account to what the settings ask for, and wait until it is usable.

    Gives AWS's description of the cluster. Raises Refused before anything is
    changed, OutOfTime after `minutes`, WarehouseError for what AWS refuses.
    """
    goal, clients, clock = wanted(settings), _clients(settings), Clock(minutes)
    steps = _first_plan(clients, goal, clock)
    if not steps:
        say("nothing to change")
    apply(steps)
    with changed():
        cluster = wait_usable(clients, goal.cluster.name, clock)
        done = {str(step) for step in steps}
        # What was paused or changing when we looked may differ in more than was
        # plain to see: look again until nothing differs.
        while steps:
            steps = _plan_again(clients, goal, clock, done)
            apply(steps)
            done |= {str(step) for step in steps}
            cluster = wait_usable(clients, goal.cluster.name, clock)
    return cluster


def up_plan(settings: Settings) -> list[Step]:
    """What `up` would do; changes nothing."""
    return _first_plan(_clients(settings), wanted(settings), Clock(0))


def cost_line(node_type: str, nodes: int) -> str:
    """What the nodes cost an hour, as an estimate."""
    price = dollars_an_hour(node_type, nodes)
    if price is None:
        return f"cost: {nodes} x {node_type}; see aws.amazon.com/redshift/pricing"
    return (
        f"cost: about ${price:.2f} an hour for {nodes} x {node_type} (an estimate: on"
        " demand, in the US, without storage) until `pause` or `down`"
    )


def _clients(settings: Settings) -> Clients:
    return Clients(settings.cluster.region)


def _first_plan(clients: Clients, goal: Wanted, clock: Clock) -> list[Step]:
    found = look(clients, goal.cluster)
    _check_buckets(clients, goal)
    steps = plan(clients, goal, found, clock)
    say(cost_line(goal.cluster.node_type, goal.cluster.nodes))
    return steps


def _plan_again(
    clients: Clients, goal: Wanted, clock: Clock, done: set[str]
) -> list[Step]:
    steps: list[Step] = []

    def reason() -> str | None:
        steps[:] = plan(clients, goal, look(clients, goal.cluster), clock)
        return "not told yet" if done & {str(step) for step in steps} else None

    try:
        wait(reason, "the change", clock.at_most(STALE_MINUTES))
    except OutOfTime:
        raise WarehouseError(
            f"changed, and yet not as it should be: {'; '.join(map(str, steps))};"
            " somebody may be changing it too, run the same command again"
        ) from None
    return steps


def _check_buckets(clients: Clients, goal: Wanted) -> None:
    # COPY is told [data] region, and a wrong one costs a cluster to find out.
    for bucket in sorted({place.bucket for place in goal.places}):
        region = None
        where = aws.plain_errors(f"bucket {bucket}")
        with where, aws.passing("404", "NoSuchBucket"):
            answer = clients.s3.head_bucket(Bucket=bucket)
            headers = answer["ResponseMetadata"]["HTTPHeaders"]
            region = headers.get("x-amz-bucket-region", goal.data_region)
        if region is None:
            raise Refused(f"bucket {bucket} does not exist; mend [data]")
        if region != goal.data_region:
            raise Refused(
                f"bucket {bucket} is in {region}, [data] region says"
                f" {goal.data_region}, the cluster is in {goal.cluster.region};"
                f' set [data] region to "{region}"'
            )
