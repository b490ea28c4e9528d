"""The command line of the warehouse."""

import json
from dataclasses import asdict
from pathlib import Path

import click
from cluster_cli import config_option, down, pause, up
from settings import read_settings


@click.group()
def cli() -> None:
    """Run Sparkify's warehouse."""


@cli.command()
@config_option
@click.option("--json", "as_json", is_flag=True)
def status(config: Path, as_json: bool) -> None:
    """Show how the cluster stands."""
    from cluster_status import cluster_status, status_lines

    found = cluster_status(read_settings(config))
    lines = [json.dumps({"cluster": asdict(found)})] if as_json else status_lines(found)
    click.echo("\n".join(lines))


for command in (up, pause, down):
    cli.add_command(command)

if __name__ == "__main__":
    cli()
