"""`up`: look first, then make, repair or resume only what differs."""

import aws
from aws import Clients
from errors import Refused, WarehouseError
from messages import say
from settings import Settings

from cluster import take
from cluster.cost import cost_lines
from cluster.found import Found, find_snapshots, look
from cluster.plan import Step, plan
from cluster.wanted import Document, places, role_name, wanted


def up(
    settings: Settings, *, minutes: float, snapshot: str = ""
) -> tuple[Document, list[Step]]:
    """Bring the account to what the settings ask for, and wait until it is usable.

    A missing cluster is restored from `snapshot`, if that is given. Gives AWS's
    description of the cluster, and the steps taken. Raises Refused before anything is
    changed, OutOfTime after `minutes`, WarehouseError for what AWS refuses.
    """
    goal, clients = wanted(settings), Clients(settings.cluster.region)
    name, end, done = goal.cluster.name, take.after(minutes), list[Step]()
    steps = _first_plan(clients, goal, snapshot)
    if not _changes(steps):
        say("nothing to change")
    while True:
        take.apply(clients, name, _changes(steps), end)
        with take.changed():
            cluster = take.wait_until("usable", clients, name, end)
            # What was paused or changing when we looked may differ in more than was
            # plain to see: look again until nothing differs.
            if not _changes(steps):
                break
            done += _changes(steps)
            steps = _plan_again(clients, goal, done, end)
    for step in steps:  # what is left is only to be told
        say(str(step))
    return cluster, done


def up_plan(settings: Settings, snapshot: str = "") -> list[Step]:
    """What `up` would do; changes nothing."""
    clients = Clients(settings.cluster.region)
    return _first_plan(clients, wanted(settings), snapshot)


def _changes(steps: list[Step]) -> list[Step]:
    return [step for step in steps if step.told[0] != "!"]


def _first_plan(clients: Clients, goal: Settings, snapshot: str) -> list[Step]:
    want = goal.cluster
    found = look(clients, want)
    take.say_whose(found, want.region)
    _check_load(clients, goal)
    _check_role(clients, goal, found)
    if snapshot:
        _check_snapshot(clients, goal, found, snapshot)
    steps = plan(goal, found, snapshot)
    for line in cost_lines(want.node_type, want.nodes, want.public, want.pause_at):
        say(line)
    return steps


def _plan_again(
    clients: Clients, goal: Settings, done: list[Step], end: float
) -> list[Step]:
    waiting = take.Waiting("the change", end)
    while True:
        steps = plan(goal, look(clients, goal.cluster))
        if not any(step in done for step in _changes(steps)):
            return steps
        if waiting.longer_than(take.STALE_MINUTES):
            raise WarehouseError(
                f"changed, but not as it should be: {'; '.join(map(str, steps))};"
                " somebody may be changing it too, run the same command again"
            )
        waiting.because("AWS does not show it yet")


def _check_snapshot(
    clients: Clients, goal: Settings, found: Found, snapshot: str
) -> None:
    want, kept = goal.cluster, find_snapshots(clients, goal.cluster)
    if found.there:
        raise Refused(
            f"cluster {want.name} exists, so snapshot {snapshot} cannot be restored;"
            " run `up` without --snapshot, or `down` first"
        )
    if snapshot not in kept:
        raise Refused(
            f"there is no snapshot {snapshot} of cluster {want.name} in {want.region};"
            f" there is {', '.join(sorted(kept)) or 'none'}"
        )
    fields = {"node_type": "NodeType", "nodes": "NumberOfNodes", "database": "DBName"}
    for key, field in fields.items():
        told = f"snapshot {snapshot} has {key} {kept[snapshot][field]}"
        if kept[snapshot][field] != getattr(want, key):
            raise Refused(f"{told}; set it so in [cluster]")


def _check_load(clients: Clients, goal: Settings) -> None:
    """What a load needs is cheap to check now: a wrong region costs a cluster."""
    named, want = places(goal.data), goal.data.region
    for bucket in sorted({place.bucket for place in named.values()}):
        with aws.plain_errors(f"bucket {bucket}"):
            region = clients.s3.head_bucket(Bucket=bucket).get("BucketRegion", want)
        if region != want:
            raise Refused(
                f"bucket {bucket} is in {region}, [data] region says {want}, the"
                f" cluster is in {goal.cluster.region}; set [data] region to"
                f' "{region}"'
            )
    for place in (named["events"], named["songs"]):
        with aws.plain_errors(str(place)):
            found = clients.s3.list_objects_v2(
                Bucket=place.bucket, Prefix=place.prefix, MaxKeys=1
            )
        if not found.get("KeyCount"):
            raise Refused(f"there is nothing under {place}; correct [data]")


def _check_role(clients: Clients, goal: Settings, found: Found) -> None:
    """The role that [data] names is there, in this account, and Redshift may use it."""
    arn, name = goal.data.role, goal.data.role.rpartition("/")[2]
    if name in {"default", role_name(goal.cluster)}:
        return
    with aws.plain_errors(), aws.passing("NoSuchEntity"):
        role = clients.iam.get_role(RoleName=name)["Role"]
        trust = str(role["AssumeRolePolicyDocument"])
        if role["Arn"] == arn and "'redshift.amazonaws.com'" in trust:
            return
    raise Refused(
        f"[data] role {arn} is not a role of account {found.owner.account} that trusts"
        ' redshift.amazonaws.com; correct it, or write "default" for the role of `up`'
    )
