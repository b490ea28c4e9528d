"""The commands `up`, `pause` and `down`."""

import json
from pathlib import Path
from typing import Any

import click
from command_line.options import config_option, json_option
from common.aws import Clients
from common.errors import CHANGES, Refused
from common.messages import say
from common.settings import read_settings

from cluster import lifecycle
from cluster.existing import Step
from cluster.status import described, environment_lines
from cluster.wanted import TAG

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
    settings = read_settings(config)
    clients = Clients(settings.cluster.region)
    steps = lifecycle.up_plan(clients, settings, snapshot)
    if dry_run:
        show_plan(steps, as_json)
        return
    cluster, steps = lifecycle.up(clients, settings, steps)
    status = described(settings.cluster, cluster)
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
    settings = read_settings(config)
    name, region = settings.cluster.name, settings.cluster.region
    steps = lifecycle.pause(Clients(region), settings)
    state, line = "paused", f"cluster {name} is paused; `up` resumes it"
    if settings.cluster.kind == "serverless":
        state, line = "idle", "Serverless costs nothing while idle: nothing to pause"
    paused = {"name": name, "region": region, "state": state}
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
    settings = read_settings(config)
    name, region = settings.cluster.name, settings.cluster.region
    clients = Clients(region)
    steps = lifecycle.down_plan(clients, settings, snapshot)
    if dry_run:
        show_plan(steps, as_json)
        return
    if steps and not yes:
        ask_or_refuse(steps)
    kept = lifecycle.down(clients, settings, steps)
    lines = [f"nothing tagged {TAG} = {name} is left in {region}"]
    lines += [f"snapshot {one} is kept, and costs until it is deleted" for one in kept]
    show(lines, steps, as_json, snapshots=kept)


def show(lines: list[str], steps: list[Step], as_json: bool, **result: Any) -> None:
    """Print the result: lines for people, one object for machines."""
    result["changes"] = [step.line for step in steps]
    click.echo(json.dumps(result) if as_json else "\n".join(lines))


def show_plan(steps: list[Step], as_json: bool) -> None:
    """Print a plan; exit 10 when there is something to do."""
    show([step.line for step in steps] or ["nothing to change"], steps, as_json)
    if lifecycle.changes(steps):
        raise click.exceptions.Exit(CHANGES)


def ask_or_refuse(steps: list[Step]) -> None:
    """Raise Refused unless the user says yes to what goes."""
    what = "\n".join([*(step.line for step in steps), "Remove all this for good?"])
    try:
        click.confirm(what, abort=True, err=True)
    except click.Abort:
        line = "not confirmed, nothing was removed; --yes does not ask"
        raise Refused(line) from None
