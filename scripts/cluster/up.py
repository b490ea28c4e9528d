"""`up`: look first, then make, repair or resume only what differs."""

from common import aws
from common.aws import Clients
from common.errors import Refused, WarehouseError
from common.messages import say
from common.settings import OF_KIND, Cluster, Settings

from cluster import apply
from cluster.cost import cost_of
from cluster.existing import Existing
from cluster.look import KINDS, look
from cluster.plan import plan
from cluster.steps import Step
from cluster.wanted import SERVICES, Document, label, locations, role_name, wanted

Made = tuple[Document, list[Step]]  # AWS's description, and the steps taken


def up(settings: Settings, *, minutes: float, snapshot: str = "") -> Made:
    """Bring the account to what the settings ask for, and wait until it is usable.

    A missing cluster is restored from `snapshot`, if that is given. Raises Refused
    before anything is changed, OutOfTime, WarehouseError for what AWS refuses.
    """
    goal, clients = wanted(settings), Clients(settings.cluster.region)
    want, end, done = goal.cluster, apply.after(minutes), list[Step]()
    steps, waiting = _first_plan(clients, goal, snapshot), apply.Waiting("", end)
    if not _changes(steps):
        say("nothing to change")
    # What was paused or changing when we looked may differ in more than was plain to
    # see, and AWS shows a change late: look again until nothing differs.
    while changes := _changes(steps):
        is_new = not any(step in done for step in changes)
        if is_new:
            apply.apply_steps(clients, want, changes, end)
        with apply.changed():
            if is_new:
                apply.wait_until("usable", clients, want, end)
                done, waiting = done + changes, apply.Waiting("the change", end)
            elif waiting.longer_than(apply.STALE_MINUTES):
                raise WarehouseError(
                    f"changed, but not as it should be: {'; '.join(map(str, steps))};"
                    " somebody may be changing it too, run the same command again"
                )
            else:
                waiting.because("AWS does not show it yet")
            steps = plan(goal, look(clients, want))
    with apply.changed(bool(done)):
        cluster = apply.wait_until("usable", clients, want, end)
    for step in steps:  # what is left changes nothing
        say(str(step))
    return cluster, done


def up_plan(settings: Settings, snapshot: str = "") -> list[Step]:
    """What `up` would do; changes nothing."""
    clients = Clients(settings.cluster.region)
    return _first_plan(clients, wanted(settings), snapshot)


def _changes(steps: list[Step]) -> list[Step]:
    return [step for step in steps if step.line[0] != "!"]


def _first_plan(clients: Clients, goal: Settings, snapshot: str) -> list[Step]:
    want = goal.cluster
    found = look(clients, want)
    apply.say_whose(found, want.region)
    _check_load(clients, goal)
    _check_role(clients, goal, found)
    if snapshot:
        snapshot = _check_snapshot(clients, want, found, snapshot)
    steps = plan(goal, found, snapshot)
    for line in cost_of(want):
        say(line)
    return steps


def _check_snapshot(clients: Clients, want: Cluster, found: Existing, name: str) -> str:
    """How AWS refers to the snapshot: by its name, or its ARN."""
    kind, snapshot = KINDS[want.kind], name
    kept = kind.find_snapshots(clients, want, found.owner)
    reference = str(kept.get(snapshot, {}).get("Reference", snapshot))
    if found.there and found.there.get("Restoring") != reference:
        raise Refused(
            f"{label(want)} exists, so snapshot {snapshot} cannot be restored;"
            " run `up` without --snapshot, or `down` first"
        )
    if snapshot not in kept:
        raise Refused(
            f"there is no snapshot {snapshot} of {label(want)} in {want.region};"
            f" there is {', '.join(sorted(kept)) or 'none'}"
        )
    (other,) = OF_KIND.keys() - {want.kind}
    fields = {"node_type": "NodeType", "nodes": "NumberOfNodes", "database": "DBName"}
    for key, field in fields.items():
        have = kept[snapshot].get(field)
        if key not in OF_KIND[other] and have and have != getattr(want, key):
            line = f"snapshot {snapshot} has {key} {have}"
            raise Refused(f"{line}; set it so in [cluster]")
    return reference


def _check_load(clients: Clients, goal: Settings) -> None:
    """What a load needs is cheap to check now: a wrong region costs a cluster."""
    named, want = locations(goal.data), goal.data.region
    for bucket in sorted({location.bucket for location in named.values()}):
        with aws.plain_errors(f"bucket {bucket}"):
            region = clients.s3.head_bucket(Bucket=bucket).get("BucketRegion", want)
        if region != want:
            raise Refused(
                f"bucket {bucket} is in {region}, [data] region says {want}, the"
                f' cluster is in {goal.cluster.region}; set [data] region to "{region}"'
            )
    for location in (named["events"], named["songs"]):
        of = {"Bucket": location.bucket, "Prefix": location.prefix, "MaxKeys": 1}
        with aws.plain_errors(str(location)):
            found = clients.s3.list_objects_v2(**of)
        if not found.get("KeyCount"):
            raise Refused(f"there is nothing under {location}; correct [data]")


def _check_role(clients: Clients, goal: Settings, found: Existing) -> None:
    """The role that [data] names is there, in this account, and Redshift may use it."""
    arn, name = goal.data.role, goal.data.role.rpartition("/")[2]
    services = [f"{one}.amazonaws.com" for one in SERVICES[goal.cluster.kind]]
    if name in {"default", role_name(goal.cluster)}:
        return
    with aws.plain_errors(), aws.passing("NoSuchEntity"):
        role = clients.iam.get_role(RoleName=name)["Role"]
        trust = str(role["AssumeRolePolicyDocument"])
        if role["Arn"] == arn and all(f"'{one}'" in trust for one in services):
            return
    raise Refused(
        f"[data] role {arn} is not a role of account {found.owner.account} that trusts"
        f' {" and ".join(services)}; correct it, or write "default" for the role of'
        " `up`"
    )
