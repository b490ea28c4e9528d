"""The commands `up`, `pause` and `down`."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from errors import Exit, Refused
from settings import PROJECT, read_settings

config_option = click.option(
    "--config",
    type=click.Path(path_type=Path),
    default=PROJECT / "warehouse.toml",
    show_default="warehouse.toml of the project",
    help="The settings file.",
)
dry_run_option = click.option(
    "--dry-run", is_flag=True, help="Print the plan, change nothing; exit 10 if any."
)


def timeout_option(minutes: float) -> Callable[[Any], Any]:
    """How long to wait for AWS."""
    return click.option(
        "--timeout",
        type=click.FloatRange(min=0),
        default=minutes,
        show_default=True,
        metavar="MINUTES",
        help="How long to wait; the same command goes on later.",
    )


@click.command()
@config_option
@dry_run_option
@timeout_option(45)
def up(config: Path, dry_run: bool, timeout: float) -> None:
    """Make, repair or resume the Redshift cluster; print what profiles.yml needs."""
    from cluster import up as cluster_up
    from cluster.status import described, environment_lines

    settings = read_settings(config)
    if dry_run:
        show_plan(cluster_up.up_plan(settings))
        return
    cluster = cluster_up.up(settings, minutes=timeout)
    status = described(settings, cluster, [])
    click.echo(f"usable: {status.host}:{status.port}/{status.database}", err=True)
    for line in environment_lines(status):
        click.echo(line)


@click.command()
@config_option
@timeout_option(30)
def pause(config: Path, timeout: float) -> None:
    """Pause the cluster: nodes cost nothing then, storage still does."""
    from cluster import down as cluster_down

    settings = read_settings(config)
    name = settings.cluster.name
    if cluster_down.pause(settings, minutes=timeout):
        click.echo(f"cluster {name} is paused; `up` resumes it")
    else:
        click.echo(f"cluster {name} was paused already; `up` resumes it")


@click.command()
@config_option
@dry_run_option
@timeout_option(45)
@click.option("--snapshot", default="", metavar="NAME", help="Keep a final snapshot.")
@click.option(
    "--snapshot-days",
    type=click.IntRange(1, 3653),
    default=30,
    show_default=True,
    help="How long AWS keeps it.",
)
@click.option("--yes", is_flag=True, help="Do not ask.")
def down(  # noqa: PLR0913, PLR0917 (one for each option)
    config: Path,
    dry_run: bool,
    timeout: float,
    snapshot: str,
    snapshot_days: int,
    yes: bool,
) -> None:
    """Remove the cluster, its security group and its role: all that `up` made."""
    from cluster import down as cluster_down
    from cluster.wanted import TAG

    settings = read_settings(config)
    name, region = settings.cluster.name, settings.cluster.region
    final = cluster_down.FinalSnapshot(snapshot, snapshot_days) if snapshot else None
    steps = cluster_down.down_plan(settings, final, minutes=timeout)
    if dry_run:
        show_plan(steps)
        return
    if not steps:
        click.echo(f"nothing to remove: nothing is tagged {TAG} = {name} in {region}")
        return
    if not yes:
        for step in steps:
            click.echo(str(step), err=True)
        ask_or_refuse("Remove all this for good?")
    cluster_down.down(settings, steps)
    click.echo(f"nothing tagged {TAG} = {name} is left in {region}")
    for kept in cluster_down.kept_snapshots(settings):
        click.echo(f"snapshot {kept} is kept, and costs until it is deleted")


def show_plan(steps: list[Any]) -> None:
    """Print a plan; exit 10 when there is something to do."""
    for step in steps:
        click.echo(str(step))
    if steps:
        raise click.exceptions.Exit(Exit.CHANGES)
    click.echo("nothing to change")


def ask_or_refuse(question: str) -> None:
    """Raise Refused unless the user says yes."""
    try:
        agreed = click.confirm(question, err=True)
    except click.Abort:
        agreed = False
    if not agreed:
        raise Refused("not confirmed, nothing was removed; --yes does not ask")
