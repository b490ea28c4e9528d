"""The warehouse's command line: load, build, look.

Progress and messages go to stderr, the result to stdout. Exit codes: 0 done, 1 failed,
2 usage, 3 refused before anything was changed, 4 ran out of time and can be resumed,
10 `--dry-run` found changes.
"""

import dataclasses
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import click
from cluster.commands import config_option, down, pause, up
from dbt_profile import target_type
from dbt_project import Dbt, profile_path
from load.loading import Loaded, counts_since, load
from settings import PROJECT, Data, Settings, read_settings

SHOWN_LOADS = 10  # by `status`, of which there is one a day


@click.group(context_settings={"help_option_names": ["-h", "--help"]})
def cli() -> None:
    """Sparkify's warehouse: load the files, build the star, see what is there."""


target_option = click.option(
    "--target", help="A target of profiles.yml; its default target otherwise."
)
json_option = click.option(
    "--json", "as_json", is_flag=True, help="The result as one JSON object."
)


def source_options(command: Callable[..., None]) -> Callable[..., None]:
    """The options that `run` and `load` share."""
    for option in (
        click.option(
            "--reload",
            is_flag=True,
            help="Load staging anew from the files, in one transaction.",
        ),
        click.option(
            "--max-errors",
            type=click.IntRange(min=0),
            default=0,
            metavar="N",
            help="Set up to N bad lines aside in rejected_rows and load the rest.",
        ),
        click.option("--songs", metavar="URI", help="Song files: a folder or s3://."),
        click.option("--events", metavar="URI", help="Log files: a folder or s3://."),
        json_option,
        target_option,
        config_option,
    ):
        command = option(command)
    return command


@cli.command("run")
@source_options
@click.option("--full-refresh", is_flag=True, help="Build the marts anew from staging.")
def run_command(
    *,
    config: Path,
    target: str | None,
    events: str | None,
    songs: str | None,
    max_errors: int,
    reload: bool,
    full_refresh: bool,
    as_json: bool,
) -> None:
    """Load what is new, `dbt build`, and say what the warehouse holds."""
    settings = read_settings(config)
    data = located(settings.data, events, songs)
    dbt = connected(settings, target)
    loaded = load(dbt, data, max_errors, reload)
    dbt.build(full_refresh or reload)
    # A fingerprint reads every row there is: who waits for a day's load needs none.
    result = summary(dbt, loaded, fingerprints=as_json)
    if as_json:
        click.echo(json.dumps(result))
    else:
        show(result)


@cli.command("load")
@source_options
def load_command(
    *,
    config: Path,
    target: str | None,
    events: str | None,
    songs: str | None,
    max_errors: int,
    reload: bool,
    as_json: bool,
) -> None:
    """Load what is new into the staging tables."""
    settings = read_settings(config)
    data = located(settings.data, events, songs)
    loaded = load(connected(settings, target), data, max_errors, reload)
    if as_json:
        click.echo(json.dumps({"load": dataclasses.asdict(loaded)}))


@cli.command("status")
@config_option
@target_option
@json_option
def status_command(*, config: Path, target: str | None, as_json: bool) -> None:
    """The cluster (Redshift), all loads, rows and fingerprint of every mart."""
    settings = read_settings(config)
    result: dict[str, Any] = {}
    reachable = True
    if target_type(profile_path(), target) == "redshift":
        from cluster.status import cluster_status, status_lines

        cluster = cluster_status(settings)
        result["cluster"] = dataclasses.asdict(cluster)
        if not as_json:
            click.echo("\n".join(status_lines(cluster)))
        reachable = "REDSHIFT_HOST" in os.environ
        if not reachable:
            click.echo(
                "REDSHIFT_HOST is not set, so loads and marts were not looked at;"
                " `up` prints what to set",
                err=True,
            )
    if reachable:
        dbt = connected(settings, target)
        dbt.operation("create_staging_tables")
        result |= summary(dbt, counts_since(dbt, 0))
        result["loads"] = history(dbt)
        if not as_json:
            show(result)
            show_loads(result["loads"])
    if as_json:
        click.echo(json.dumps(result))


for command in (up, pause, down):
    cli.add_command(command)


def connected(settings: Settings, target: str | None) -> Dbt:
    """dbt on a target, once it is sure that there is something to connect to.

    Raises Refused when the cluster that `up` makes is missing or paused.
    """
    if (
        target_type(profile_path(), target) == "redshift"
        and os.environ.get("REDSHIFT_METHOD", "iam") == "iam"
        and os.environ.get("REDSHIFT_CLUSTER") == settings.cluster.name
    ):
        from cluster.status import require_usable

        require_usable(settings)
    return Dbt(target)


def located(data: Data, events: str | None, songs: str | None) -> Data:
    """The places to load from: options from here on, settings from the project on."""

    def place(option: str | None, setting: str) -> str:
        uri, base = (option, Path.cwd()) if option else (setting, PROJECT)
        return uri if uri.startswith("s3://") else str((base / uri).resolve())

    return dataclasses.replace(
        data, events=place(events, data.events), songs=place(songs, data.songs)
    )


def summary(dbt: Dbt, loaded: Loaded, fingerprints: bool = True) -> dict[str, Any]:
    """What `--json` prints: loads, staging, marts and matches, in numbers."""
    counts: dict[str, dict[str, int]] = {
        "staging": {},
        "marts": {},
        "match": {"plays": 0, "matched": 0, "exact": 0},
    }
    for row in dbt.query("{{ warehouse_counts() }}"):
        counts[row["kind"]][row["name"]] = int(row["row_count"])
    marts: dict[str, dict[str, Any]] = {
        name: {"rows": rows} for name, rows in counts["marts"].items()
    }
    if fingerprints:
        for row in dbt.analysis("mart_fingerprints"):
            marts[row["mart"]]["fingerprint"] = row["fingerprint"]
    return {"load": dataclasses.asdict(loaded), **counts, "marts": marts}


def history(dbt: Dbt) -> list[dict[str, Any]]:
    """Every load that the ledger knows, the newest first."""
    return [
        {
            "load_id": int(row["load_id"]),
            "loaded_at": row["loaded_at"].isoformat(sep=" ", timespec="seconds"),
            "files": int(row["files"]),
            "rows": int(row["rows_loaded"]),
            "rejected": int(row["rows_rejected"]),
            "changed": int(row["files_changed"]),
        }
        for row in dbt.query("{{ load_history() }}")
    ]


def show_loads(loads: list[dict[str, Any]]) -> None:
    """Print the newest loads for a person, a line each."""
    for row in loads[:SHOWN_LOADS]:
        click.echo(
            f"load {row['load_id']:<9} {row['files']:>12,}"
            f"   files at {row['loaded_at']} UTC: {row['rows']:,} rows,"
            f" {row['rejected']:,} rejected, {row['changed']:,} files changed"
        )
    if len(loads) > SHOWN_LOADS:
        click.echo(
            f"and {len(loads) - SHOWN_LOADS:,} earlier loads: --json lists them, and"
            " analyses/file_history.sql each file's"
        )


def show(result: dict[str, Any]) -> None:
    """Print a summary for a person."""
    loads, match = result["load"], result["match"]
    click.echo(
        f"files loaded   {loads['files']:>12,}"
        f"   ({loads['rows']:,} rows, {loads['rejected']:,} rejected)"
    )
    for name, rows in result["staging"].items():
        click.echo(f"{name:<14} {rows:>12,}")
    for name, mart in result["marts"].items():
        fingerprint = f"   {mart['fingerprint']}" if "fingerprint" in mart else ""
        click.echo(f"{name:<14} {mart['rows']:>12,}{fingerprint}")
    click.echo(
        f"matched        {match['matched']:>12,}"
        f"   of {match['plays']:,} plays, {match['exact']:,} of them exact"
    )


if __name__ == "__main__":
    cli()
