"""The commands `up`, `pause` and `down`."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from command_line.options import config_option, json_option
from common.errors import CHANGES, Refused
from common.messages import say
from common.settings import read_settings
from common.signals import explained

from cluster import down as removing
from cluster import up as making
from cluster.apply import HALF_WAY
from cluster.status import described, environment_lines
from cluster.steps import Step
from cluster.wanted import TAG

dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print the plan, change nothing; exit 10 if any."
)
timeout_option = click.option(
    "--timeout",
    type=click.FloatRange(min=0),
    default=45,
    show_default=True,
    metavar="MINUTES",
    help="How long to wait; the same command goes on later.",
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
@timeout_option
@click.option(
    "--snapshot", default="", metavar="NAME", help="Restore what `down` kept."
)
@json_option
def up(
    config: Path, dry_run: bool, timeout: float, snapshot: str, as_json: bool
) -> None:
    """Make, repair or resume the Redshift warehouse.

    Prints the variables that profiles.yml reads, as a shell takes them. The second
    example sets them, and stops where `up` fails.
    """
    settings = read_settings(config)
    if dry_run:
        show_plan(making.up_plan(settings, snapshot), as_json)
        return
    with explained(lambda: HALF_WAY):
        cluster, steps = making.up(settings, minutes=timeout, snapshot=snapshot)
    status = described(settings.cluster, cluster)
    say(f"usable: {status.host}:{status.port}/{status.database}")
    say('once, as an administrator: the commands under "Users" in docs/redshift.md')
    show(environment_lines(status), steps, as_json, cluster=asdict(status))


@click.command(epilog="\b\nExample:\n  python scripts/warehouse.py pause\n")
@config_option
@timeout_option
@json_option
def pause(config: Path, timeout: float, as_json: bool) -> None:
    """Pause the cluster; `up` resumes it.

    The nodes cost nothing then, what is stored still does.
    """
    settings = read_settings(config)
    name, region = settings.cluster.name, settings.cluster.region
    with explained(lambda: HALF_WAY):
        steps = removing.pause(settings, minutes=timeout)
    state, said = "paused", f"cluster {name} is paused; `up` resumes it"
    if settings.cluster.kind == "serverless":
        state, said = "idle", "Serverless costs nothing while idle: nothing to pause"
    paused = {"name": name, "region": region, "state": state}
    show([said], steps, as_json, cluster=paused)


@click.command(
    epilog="""\b
Examples:
  python scripts/warehouse.py down --dry-run
  python scripts/warehouse.py down --snapshot before-holidays
"""
)
@config_option
@dry_run_option
@timeout_option
@click.option("--snapshot", default="", metavar="NAME", help="Keep a final snapshot.")
@click.option("--yes", is_flag=True, help="Do not ask.")
@json_option
def down(
    *,
    config: Path,
    dry_run: bool,
    timeout: float,
    snapshot: str,
    yes: bool,
    as_json: bool,
) -> None:
    """Remove the warehouse and all that `up` made.

    With all its data, in the region of the settings; the files in S3 stay.
    """
    settings = read_settings(config)
    steps = removing.down_plan(settings, snapshot)
    if dry_run:
        show_plan(steps, as_json)
        return
    if steps and not yes:
        ask_or_refuse(steps)
    with explained(lambda: HALF_WAY):
        kept = removing.down(settings, steps, minutes=timeout)
    name, region = settings.cluster.name, settings.cluster.region
    lines = [f"nothing tagged {TAG} = {name} is left in {region}"]
    lines += [f"snapshot {one} is kept, and costs until it is deleted" for one in kept]
    show(lines, steps, as_json, snapshots=kept)


def show(lines: list[str], steps: list[Step], as_json: bool, **result: Any) -> None:
    """Print the result: lines for people, one object for machines."""
    result["changes"] = [str(step) for step in steps]
    click.echo(json.dumps(result) if as_json else "\n".join(lines))


def show_plan(steps: list[Step], as_json: bool) -> None:
    """Print a plan; exit 10 when there is something to do."""
    show([str(step) for step in steps] or ["nothing to change"], steps, as_json)
    if any(step.line[0] != "!" for step in steps):
        raise click.exceptions.Exit(CHANGES)


def ask_or_refuse(steps: list[Step]) -> None:
    """Raise Refused unless the user says yes to what goes."""
    what = "\n".join([*map(str, steps), "Remove all this for good?"])
    try:
        click.confirm(what, abort=True, err=True)
    except click.Abort:
        line = "not confirmed, nothing was removed; --yes does not ask"
        raise Refused(line) from None
