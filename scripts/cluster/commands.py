"""The commands `up`, `pause` and `down`: look first, then change only what differs."""

import json
from pathlib import Path
from typing import Any

import click
from command_line.options import config_option, json_option
from common import aws
from common.aws import Clients
from common.errors import CHANGES, Refused, WarehouseError
from common.messages import say
from common.settings import Cluster, Settings, read_settings

from cluster import apply, wanted
from cluster.existing import Existing, Step, step
from cluster.plan import KINDS, look, plan, removals
from cluster.status import described, environment_lines
from cluster.wanted import TAG, Document

# https://aws.amazon.com/secrets-manager/pricing/, and a GB that Redshift keeps
STORED = "cost: always $0.40 a month for the secret, $0.024 a month for each GB stored"
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print the plan, change nothing; exit 10 if any."
)


@click.command(
    epilog="""\b
Examples:
  python scripts/warehouse.py up --dry-run
  vars=$(python scripts/warehouse.py up) && eval "$vars"
"""
)
@config_option
@dry_run_option
@click.option(
    "--snapshot", default="", metavar="NAME", help="Restore what `down` kept."
)
@json_option
def up(config: Path, dry_run: bool, snapshot: str, as_json: bool) -> None:
    """Make, repair or resume the Redshift warehouse.

    Prints the variables that profiles.yml reads, as a shell takes them. The second
    example sets them, and stops where `up` fails.
    """
    goal = wanted.wanted(read_settings(config))
    want, clients = goal.cluster, Clients(goal.cluster.region)
    existing = look(clients, want, announce=True)
    check_load(clients, goal)
    if snapshot:
        snapshot = snapshot_reference(want, existing, snapshot)
    steps = plan(goal, existing, snapshot)
    say(f"cost: {KINDS[want.kind].cost(want)}")
    say(STORED)
    if dry_run:
        show_plan(steps, as_json)
        return
    cluster, steps = apply_until_nothing_differs(clients, goal, steps)
    status = described(want, cluster)
    say("usable: {host}:{port}/{database}".format(**status))
    say('once, as an administrator: the commands under "Users" in docs/redshift.md')
    show(environment_lines(status), steps, as_json, cluster=status)


@click.command(epilog="\b\nExample:\n  python scripts/warehouse.py pause\n")
@config_option
@json_option
def pause(config: Path, as_json: bool) -> None:
    """Pause the cluster; `up` resumes it.

    The nodes cost nothing then, what is stored still does.
    """
    want = wanted.checked(read_settings(config))
    clients, steps = Clients(want.region), list[Step]()
    existing = look(clients, want, announce=True)
    state, line = "idle", "Serverless costs nothing while idle: nothing to pause"
    if want.kind == "provisioned":
        state, line = "paused", f"cluster {want.name} is paused; `up` resumes it"
        if not existing.there:
            raise Refused(wanted.missing_message(want))
        now = existing.there["ClusterStatus"]
        call = "" if now == "pausing" else "redshift.pause_cluster"
        named = {"ClusterIdentifier": want.name}
        if now != "paused":
            steps = [step(f"~ cluster {want.name}: pause", call, "paused", **named)]
    with apply.resumable() as done:
        apply.apply_steps(clients, want, steps, done)
    paused = {"name": want.name, "region": want.region, "state": state}
    show([line], steps, as_json, cluster=paused)


@click.command(
    epilog="""\b
Examples:
  python scripts/warehouse.py down --dry-run
  python scripts/warehouse.py down --snapshot before-holidays
"""
)
@config_option
@dry_run_option
@click.option("--snapshot", default="", metavar="NAME", help="Keep a final snapshot.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def down(config: Path, dry_run: bool, snapshot: str, yes: bool, as_json: bool) -> None:
    """Remove the warehouse and all that `up` made.

    With all its data, in the region of the settings; the files in S3 stay.
    """
    want = wanted.checked(read_settings(config))
    clients = Clients(want.region)
    existing = look(clients, want, announce=True)
    if existing.there and want.kind == "serverless" and snapshot in existing.snapshots:
        # AWS would refuse it only when the workgroup is gone.
        raise Refused(f"there is a snapshot {snapshot} already; choose another name")
    if snapshot and not existing.cluster and snapshot not in existing.snapshots:
        line = "there is nothing to take a snapshot of; leave --snapshot out"
        raise Refused(f"{wanted.missing_message(want)}; {line}")
    steps = removals(want, existing, snapshot)
    if dry_run:
        show_plan(steps, as_json)
        return
    if steps and not yes:
        ask_or_refuse(steps)
    tag = f"tagged {TAG} = {want.name} is left"
    with apply.resumable() as done:
        apply.apply_steps(clients, want, steps, done)
        left = look(clients, want)
        if not left.nothing:
            raise WarehouseError(f"something {tag}; run the same command again")
    kept = sorted(left.snapshots)
    lines = [f"nothing {tag} in {want.region}"]
    lines += [f"snapshot {one} is kept, and costs until it is deleted" for one in kept]
    show(lines, steps, as_json, snapshots=kept)


def show(lines: list[str], steps: list[Step], as_json: bool, **result: Any) -> None:
    """Print the result: lines for people, one object for machines."""
    result["changes"] = [step.line for step in steps]
    click.echo(json.dumps(result) if as_json else "\n".join(lines))


def show_plan(steps: list[Step], as_json: bool) -> None:
    """Print a plan; exit 10 when there is something to do."""
    show([step.line for step in steps] or ["nothing to change"], steps, as_json)
    if changes(steps):
        raise click.exceptions.Exit(CHANGES)


def ask_or_refuse(steps: list[Step]) -> None:
    """Raise Refused unless the user says yes to what goes."""
    what = "\n".join([*(step.line for step in steps), "Remove all this for good?"])
    try:
        click.confirm(what, abort=True, err=True)
    except click.Abort:
        line = "not confirmed, nothing was removed; --yes does not ask"
        raise Refused(line) from None


def changes(steps: list[Step]) -> list[Step]:
    """The steps that do more than inform."""
    return [step for step in steps if step.line[0] != "!"]


def apply_until_nothing_differs(
    clients: Clients, goal: Settings, steps: list[Step]
) -> tuple[Document, list[Step]]:
    """Apply the steps and what differs after them; wait until all is usable.

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


def snapshot_reference(want: Cluster, existing: Existing, name: str) -> str:
    """How AWS refers to a snapshot that can be restored: by its name, or its ARN."""
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


def check_load(clients: Clients, goal: Settings) -> None:
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
