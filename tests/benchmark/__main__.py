"""Measure what the warehouse costs, beside other ways to make the same tables.

`floor` is a script by hand without any check, which all others are measured against;
`read_json` is DuckDB's own reader into typed tables, the least that a load can cost.
All contestants take turns, several rounds, on one core and on all. The tables of
`floor`, `polars` and `run` must agree before a time counts. Then `later` is
`warehouse.py run` where dbt has parsed the project before: in full, with nothing new,
with one more event, one more day, and songs that old plays were waiting for. Each run
is a process of its own, and the medians count. Everything is written into one temporary
folder, which is removed at the end; ten million events take 8 GB.
"""

import json
import os
import shutil
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click

from benchmark.contestants import PROJECT, Workspace, facts, polars_python
from benchmark.deliveries import unknown_tracks, write_next_day, write_songs
from benchmark.processes import Cost, cost_of, middle

FLOOR = "floor"
NAMES = (FLOOR, "polars", "run", "read_json", "load", "later")
ALL = os.cpu_count() or 1
# Kept between benches: the fewest CPU seconds that the floor needed here.
FASTEST = PROJECT / "data" / "floor.json"
SLOWER = 1.1  # more than so many times the fastest is a busy or a slow machine

# What was run, and on how many cores.
Costs = dict[tuple[str, int], list[Cost]]


@click.command()
@click.option(
    "--events",
    type=click.IntRange(min=1),
    multiple=True,
    default=(1_000_000,),
    show_default=True,
    help="Events of history; give it more than once to compare sizes.",
)
@click.option(
    "--contestant",
    "names",
    type=click.Choice(NAMES),
    multiple=True,
    default=NAMES,
    help="What to measure beside the floor; all if not given.",
)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option(
    "--cores",
    type=click.IntRange(1, ALL),
    multiple=True,
    default=sorted({1, ALL}),
    show_default=True,
    help="On how many cores; fewer than all need taskset.",
)
@click.option(
    "--day-events",
    type=click.IntRange(min=1),
    default=30_000,
    show_default=True,
    help="Events of the one more day.",
)
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
def main(
    *,
    events: tuple[int, ...],
    names: tuple[str, ...],
    rounds: int,
    cores: tuple[int, ...],
    day_events: int,
    as_json: bool,
) -> None:
    """Measure CPU time, wall time, cores used and peak memory."""
    sizes = []
    with tempfile.TemporaryDirectory(prefix="sparkify-bench-") as folder:
        root = Path(folder)
        python = polars_python(root / "polars") if "polars" in names else root
        for size in events:
            sample = PROJECT / "scripts" / "sample_data.py"
            data = root / "data"
            cost_of((sys.executable, sample, "--events", str(size), data))
            costs: Costs = {}
            for _ in range(rounds):
                for count in cores:
                    workspace = Workspace(data, root / "workspace", count % ALL)
                    for name, cost in one_round(workspace, names, python).items():
                        costs.setdefault((name, count), []).append(cost)
                        progress(f"{size:,} events, {name}, cores: {count}", cost)
            doubt = doubts(size, costs)
            if "later" in names:
                costs |= later(Workspace(data, root / "workspace"), rounds, day_events)
            shutil.rmtree(data)
            rows = [
                {"name": name, "cores": count, **asdict(middle(found))}
                for (name, count), found in costs.items()
            ]
            sizes.append({"events": size, "doubt": doubt, "costs": rows})
            if not as_json:
                click.echo("\n".join(table(size, rows, doubt)))
    if as_json:
        click.echo(json.dumps({"cores": ALL, "sizes": sizes}))


def one_round(
    workspace: Workspace, names: Sequence[str], python: Path
) -> dict[str, Cost]:
    """Each contestant once, from nothing.

    Raises click.ClickException when two of them disagree about the tables.
    """
    costs = {FLOOR: workspace.cleared().script(FLOOR, workspace.database)}
    made = {FLOOR: facts(workspace.database)}
    if "polars" in names:
        out = workspace.cleared().folder / "polars"
        costs["polars"] = workspace.script("polars_tables", out, python)
        made["polars"] = facts(out)
    if "run" in names:
        costs["run"] = workspace.cleared().warehouse("run")
        made["run"] = facts(workspace.database)
    for name, found in made.items():
        if found != made[FLOOR]:
            raise click.ClickException(
                f"{name} and the floor made different tables: {found} instead of"
                f" {made[FLOOR]}"
            )
    if "read_json" in names:
        out = workspace.cleared().database
        costs["read_json"] = workspace.script("read_json", out)
    if "load" in names:
        workspace.cleared().parse()
        costs["load"] = workspace.warehouse("load")
        costs["load, nothing new"] = workspace.warehouse("load")
    return costs


def later(workspace: Workspace, rounds: int, day_events: int) -> Costs:
    """`warehouse.py run` where dbt has parsed before, each on a copy of a full one."""
    workspace.cleared().parse()
    costs: Costs = {}

    def measure(what: str) -> None:
        cost = workspace.warehouse("run")
        progress(what, cost)
        costs.setdefault((what, ALL), []).append(cost)

    for _ in range(rounds):
        workspace.database.unlink(missing_ok=True)
        measure("run, parsed before")
    kept = workspace.folder / "full.duckdb"
    workspace.database.rename(kept)

    def repeat(what: str) -> None:
        for _ in range(rounds):
            shutil.copy(kept, workspace.database)
            os.sync()  # or DuckDB's first sync would pay for writing the copy
            measure(what)

    repeat("run, nothing new")
    last = max(workspace.logs.rglob("*.json"))
    unknown = unknown_tracks(last, workspace.songs, 100)
    for count in (1, day_events):
        next_day = write_next_day(last, count)
        repeat(f"run, {count:,} more")
        next_day.unlink()
    write_songs(workspace.songs / "late", unknown)
    repeat(f"run, {len(unknown)} late songs")
    return costs


def doubts(events: int, costs: Costs) -> str:
    """Why the floor's time here is not its usual one; "" if it is.

    A machine that is busy slows the floor, which has two threads and little memory, in
    another way than what is compared with it: the ratios would be wrong.
    """
    known = json.loads(FASTEST.read_text()) if FASTEST.exists() else {}
    slow = []
    for (name, cores), found in costs.items():
        if name != FLOOR:
            continue
        key = f"{events} events, {cores} cores"
        least = min(cost.cpu for cost in found)
        known[key] = min(least, known.get(key, least))
        took = middle(found).cpu
        if took > SLOWER * known[key]:
            slow.append(f"{took:.1f} s instead of {known[key]:.1f} s ({key})")
    FASTEST.parent.mkdir(exist_ok=True)
    FASTEST.write_text(json.dumps(known, indent=1))
    return f"the floor was slow: {', '.join(slow)}" if slow else ""


def progress(what: str, cost: Cost) -> None:
    """A line on stderr, since a bench takes minutes."""
    click.echo(
        f"{what}: {cost.cpu:.1f} s CPU, {cost.wall:.1f} s wall, {cost.memory:,.0f} MB",
        err=True,
    )


def table(events: int, rows: list[dict[str, Any]], doubt: str) -> list[str]:
    """The report of one size, with ratios to the floor unless they are in doubt."""
    floors = {row["cores"]: row for row in rows if row["name"] == FLOOR}
    lines = [
        f"{events:,} events",
        f"{'':<20}{'cores':>6}{'used':>6}{'CPU s':>8}{'/floor':>8}"
        f"{'wall s':>8}{'/floor':>8}{'MB':>8}",
    ]
    for row in rows:
        floor = floors.get(row["cores"])
        cpu, wall = (
            f"{row[what] / floor[what]:.2f}" if floor and not doubt else "-"
            for what in ("cpu", "wall")
        )
        used = row["cpu"] / row["wall"] / row["cores"]
        lines.append(
            f"{row['name']:<20}{row['cores']:>6}{used:>6.0%}{row['cpu']:>8.1f}{cpu:>8}"
            f"{row['wall']:>8.1f}{wall:>8}{row['memory']:>8,.0f}"
        )
    if doubt:
        lines.append(f"no ratios: {doubt}; measure again on a quiet machine")
    return lines


if __name__ == "__main__":
    main(prog_name="make bench")
