"""The warehouse's command line: load, build, look.

Progress and messages go to stderr, the result to stdout. Exit codes: 0 done, 1 failed,
2 usage, 3 refused before anything was changed, 4 ran out of time and can be resumed,
10 `--dry-run` found changes, 130 interrupted.
"""

import dataclasses
import os
import sys
import uuid
from importlib.util import find_spec
from pathlib import Path
from typing import Any

if not all(map(find_spec, ("click", "yaml", "dbt"))):
    sys.exit(
        "error: the packages are not installed for this Python; use"
        " `.venv/bin/python scripts/warehouse.py`; `make setup` makes it"
    )

import click
from command_line.options import common_options, source_options
from command_line.questions import questions
from command_line.report import (
    add_fingerprints,
    print_json,
    print_loads,
    print_summary,
    print_table,
    summary,
)
from common.errors import DatabaseError, Refused, WarehouseError
from common.messages import say
from common.settings import Settings, located, read_settings, version
from common.signals import PlainCommand
from dbt_project.profile import profile_path, target_type
from dbt_project.runner import Dbt
from export import exporting
from export.folder import folder_option
from load.loading import Loaded, load

CLUSTER_COMMANDS = ("up", "pause", "down")
SERVERLESS_HOST = ".redshift-serverless."
WAKE_TRIES = 3


class Warehouse(PlainCommand, click.Group):
    """All commands; those of the cluster are imported when one of them is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return sorted([*super().list_commands(ctx), *CLUSTER_COMMANDS])

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name in CLUSTER_COMMANDS:
            from cluster import commands

            return getattr(commands, cmd_name)
        return super().get_command(ctx, cmd_name)


@click.group(
    cls=Warehouse,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  python scripts/warehouse.py run
  python scripts/warehouse.py show most_played_songs
""",
)
@click.version_option(version(), message="%(version)s")
def cli() -> None:
    """Sparkify's warehouse: load the files, build the star, ask questions."""


@cli.command(
    "run",
    epilog="""\b
Examples:
  python scripts/warehouse.py run --events logs --songs s3://bucket/songs
  python scripts/warehouse.py run --target redshift --max-errors 5
""",
)
@source_options
@click.option("--full-refresh", is_flag=True, help="Rebuild the marts from staging.")
@click.option(
    "--export",
    "folder",
    metavar="DIR",
    callback=folder_option,
    help="Then export the marts, as `export DIR` does.",
)
def run_command(
    *,
    config: Path,
    full_refresh: bool,
    folder: Path | None,
    as_json: bool,
    **source: Any,
) -> None:
    """Load what is new, build and test the marts, print what there is."""
    if folder:
        exporting.check(folder, source["target"])
    dbt, loaded = _load(config, **source)
    rebuild = full_refresh or source["reload"]
    counts = [] if rebuild else dbt.counts()
    if dbt.is_tested(counts):
        say("nothing changed since all tests passed: nothing to build")
    else:
        counts = dbt.build(rebuild, counts)
    result = summary(counts, loaded)
    if folder:
        result["export"] = exporting.export(dbt, folder, counts)
    if as_json:  # a daily run does not wait for what reads every row
        add_fingerprints(result, dbt)
    (print_json if as_json else print_summary)(result)


@cli.command(
    "load",
    epilog="""\b
Example:
  python scripts/warehouse.py load --events s3://bucket/logs --json
""",
)
@source_options
def load_command(*, config: Path, as_json: bool, **source: Any) -> None:
    """Load what is new into the staging tables."""
    _, loaded = _load(config, **source)
    if as_json:
        print_json({"load": dataclasses.asdict(loaded)})


@cli.command(
    "status",
    epilog="""\b
Examples:
  python scripts/warehouse.py status
  python scripts/warehouse.py status --target redshift --json
""",
)
@common_options
def status_command(*, config: Path, target: str | None, as_json: bool) -> None:
    """Print the cluster's state (Redshift), all loads, and every mart.

    Each mart has its rows and a fingerprint: two warehouses with the same fingerprints
    hold the same.
    """
    settings = read_settings(config)
    result: dict[str, Any] = {}
    is_redshift = target_type(target) == "redshift"
    if is_redshift:
        from cluster.status import cluster_status, status_lines

        cluster = cluster_status(settings)
        result["cluster"] = cluster
        if not as_json:
            for label, text in status_lines(cluster):
                click.echo(f"{label:<14} {text}")
    if is_redshift and "REDSHIFT_HOST" not in os.environ:
        say(
            "REDSHIFT_HOST is not set, so this does not look at loads and marts;"
            " `up` prints what to set"
        )
    else:
        result |= _contents(connected(settings, target))
        if not as_json:
            print_summary(result)
            print_loads(result["loads"])
    if as_json:
        print_json(result)


@cli.command(
    "show",
    epilog="""\b
Examples:
  python scripts/warehouse.py show
  python scripts/warehouse.py show most_played_songs
  python scripts/warehouse.py show rejected_lines --json
""",
)
@click.argument("analysis", required=False)
@common_options
def show_command(
    *, analysis: str | None, config: Path, target: str | None, as_json: bool
) -> None:
    """Print the whole answer of an ANALYSIS; without one, list them."""
    asked = questions()
    if analysis is None:
        rows = [{"analysis": name, "question": asked[name]} for name in asked]
        (print_json if as_json else print_table)(rows)
        return
    if analysis not in asked:
        raise click.UsageError(f"there is no analysis {analysis}; `show` lists them")
    dbt = connected(read_settings(config), target)
    with dbt.read_only():
        rows = dbt.analysis(analysis)
    (print_json if as_json else print_table)(rows)
    say(f"{len(rows):,} rows")


@cli.command(
    "export",
    epilog="""\b
Examples:
  python scripts/warehouse.py export data/marts
  python scripts/warehouse.py export data/marts --json
""",
)
@click.argument("folder", metavar="DIR", callback=folder_option)
@common_options
def export_command(
    *, folder: Path, config: Path, target: str | None, as_json: bool
) -> None:
    """Write the marts as Parquet and DuckDB files.

    DIR is a link, which one rename turns to the new files when all are complete. Only
    marts that have passed their tests are exported.
    """
    exporting.check(folder, target)
    dbt = connected(read_settings(config), target)
    with dbt.read_only():
        counts = dbt.counts()
        dbt.require_tested(counts)
        exported = exporting.export(dbt, folder, counts)
    if as_json:
        print_json({"export": exported})
    else:
        click.echo(folder)


@cli.command(
    "check",
    epilog="""\b
Example:
  python scripts/warehouse.py check --target redshift
""",
)
@common_options
def check_command(*, config: Path, target: str | None, as_json: bool) -> None:
    """Ask a real Redshift what its documents leave open.

    Loads small files of its own below `manifests`, into a schema of its own, and
    leaves nothing behind. It needs the rights to list and to delete objects there, and
    to create a schema. Takes some minutes.
    """
    from check.check_run import SCHEMA
    from check.checks import checked

    if target_type(target) != "redshift":
        raise Refused("check asks a Redshift cluster; give --target redshift")
    settings = read_settings(config)
    schema = os.environ["REDSHIFT_SCHEMA"] = SCHEMA + uuid.uuid4().hex[:8]
    dbt = connected(settings, target)
    if dbt.profile.credentials.schema != schema:
        raise Refused(
            f"{profile_path()}: set `schema` to env_var('REDSHIFT_SCHEMA'), as"
            " profiles.yml.example does: check needs a schema of its own"
        )
    result = {}
    for line, passed, seen in checked(dbt, settings.data):
        result[line] = {"passed": passed, "seen": seen}
        if not as_json:
            click.echo(f"{'pass' if passed else 'FAIL'}  {line}: {seen}")
    if as_json:
        print_json(result)
    if failed := [line for line in result if not result[line]["passed"]]:
        raise WarehouseError(
            f"{len(failed)} of {len(result)} lines failed: {', '.join(failed)};"
            " docs/redshift.md says what each means for a load"
        )


def _load(
    config: Path,
    *,
    target: str | None,
    events: str | None,
    songs: str | None,
    max_errors: int,
    reload: bool,
) -> tuple[Dbt, Loaded]:
    """Say where from and where to, and load."""
    settings = read_settings(config)
    data = located(settings.data, events, songs)
    dbt = connected(settings, target)
    say(f"warehouse  {dbt.place}")
    for name, option in (("events", events), ("songs", songs)):
        setting = f"--{name}" if option else config.name
        say(f"{name:<9}  {getattr(data, name)}  (from {setting})")
    return dbt, load(dbt, data, max_errors, reload)


def _contents(dbt: Dbt) -> dict[str, Any]:
    """What `status` says of loads and marts; makes nothing."""
    with dbt.read_only():
        counts = dbt.counts()
        result: dict[str, Any] = summary(counts) | {"loads": []}
        if not counts:
            say("nothing is loaded yet; `warehouse.py run` loads and builds")
            return result
        add_fingerprints(result, dbt)
        return result | {"loads": dbt.query("{{ load_history() }}")}


def connected(settings: Settings, target: str | None) -> Dbt:
    """dbt on a target, once it is sure that there is something to connect to.

    Raises Refused when no host is set, or the cluster that `up` makes is missing or
    paused.
    """
    if target_type(target) != "redshift":
        return Dbt(target)
    if not (host := os.environ.get("REDSHIFT_HOST")):
        raise Refused(
            "REDSHIFT_HOST is not set; `up` prints what to set:"
            ' vars=$(python scripts/warehouse.py up) && eval "$vars"'
        )
    kind, name = "provisioned", os.environ.get("REDSHIFT_CLUSTER")
    if SERVERLESS_HOST in host:
        kind, name = "serverless", host.partition(".")[0]
    cluster = settings.cluster
    if name == cluster.name and os.environ.get("REDSHIFT_METHOD", "iam") == "iam":
        from cluster.status import require_usable

        if kind != cluster.kind:
            raise Refused(
                f"REDSHIFT_HOST {host} is {kind}, [cluster] kind is {cluster.kind};"
                " correct one of them: `up` prints what to set"
            )
        require_usable(settings)
    return _woken(Dbt(target)) if kind == "serverless" else Dbt(target)


def _woken(dbt: Dbt) -> Dbt:
    """Serverless may cancel the first statement after an idle hour: not a COPY then."""
    for left in reversed(range(WAKE_TRIES)):
        try:
            dbt.query("select 1 as awake")
            break
        except DatabaseError as error:
            if not left or "cancel" not in str(error).lower():
                raise
    return dbt


if __name__ == "__main__":
    cli()
