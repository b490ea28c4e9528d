"""What the warehouse costs, beside other ways to make the same tables.

First every contestant makes all tables from the same files, in turn, several rounds.
Their counts and sums must agree before a time counts. Then `warehouse.py run` makes all
of it where dbt has parsed the project before, has nothing to do, or takes one more
event, one more day, or songs that old plays were waiting for, each on a copy of the
full warehouse. What it costs to import dbt is the least that any run can cost. With
--load, the load alone is measured too, in turn with DuckDB's own reader of the same
files. Every run is a process of its own, and the kernel says what it cost; the medians
count. Everything is written into one temporary folder, which is removed at the end; ten
million events take 8 GB.
"""

import json
import os
import shutil
import sys
import tempfile
from dataclasses import asdict
from pathlib import Path
from typing import Any

import click
from benchmark.chart import chart
from benchmark.contestants import (
    FLOOR,
    NAMES,
    PEERS,
    Course,
    peers_python,
    read_json,
    run_one,
)
from benchmark.deliveries import unknown_tracks, write_next_day, write_songs
from benchmark.processes import Cost, cost_of, middle
from endings import PlainCommand
from errors import WarehouseError
from settings import PROJECT

Costs = dict[str, Cost]


@click.command(cls=PlainCommand)
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
    help="Whom to measure; all if not given.",
)
@click.option("--rounds", type=click.IntRange(min=1), default=3, show_default=True)
@click.option(
    "--day-events",
    type=click.IntRange(min=0),
    default=30_000,
    show_default=True,
    help="Events of the one more day; 0 skips what arrives later.",
)
@click.option(
    "--late-songs", type=click.IntRange(min=1), default=100, show_default=True
)
@click.option("--load", "alone", is_flag=True, help="Measure the load alone, too.")
@click.option("--json", "as_json", is_flag=True, help="The result as one JSON object.")
@click.option(
    "--chart",
    "picture",
    type=click.Path(dir_okay=False, path_type=Path),
    help="An SVG file to draw the result into.",
)
def main(  # noqa: PLR0913 (one for each option)
    *,
    events: tuple[int, ...],
    names: tuple[str, ...],
    rounds: int,
    day_events: int,
    late_songs: int,
    alone: bool,
    as_json: bool,
    picture: Path | None,
) -> None:
    """Measure CPU time, wall time and peak memory of full runs and of increments.

    \b
    Examples:
      python scripts/bench.py --contestant floor --contestant run
      python scripts/bench.py --events 1000000 --events 10000000 --rounds 1
      python scripts/bench.py --contestant floor --day-events 0 --load
    """
    result: dict[str, Any] = {"cores": os.cpu_count(), "sizes": []}
    with tempfile.TemporaryDirectory(prefix="sparkify-bench-") as folder:
        root = Path(folder)
        chosen = [FLOOR, *(name for name in NAMES[1:] if name in names)]
        python = root / "peers" / "bin" / "python"
        if set(chosen) & set(PEERS):
            try:
                peers_python(root / "peers")
            except WarehouseError as error:
                click.echo(f"skipped {', '.join(PEERS)}: {error}", err=True)
                chosen = [name for name in chosen if name not in PEERS]
        for size in events:
            costs = measured(root, size, chosen, rounds, python)
            if alone:
                costs |= measured_load(root, rounds)
            if day_events:
                costs |= measured_later(root, size, rounds, day_events, late_songs)
            result["sizes"].append(
                {"events": size, "costs": {name: asdict(costs[name]) for name in costs}}
            )
            if not as_json:
                click.echo("\n".join(table(size, costs)))
            shutil.rmtree(root / "data")
    if as_json:
        click.echo(json.dumps(result))
    if picture:
        picture.write_text(chart(result), encoding="utf-8")


def measured(
    root: Path, events: int, names: list[str], rounds: int, peers: Path
) -> Costs:
    """The contestants in turn, each from nothing; their medians.

    Raises WarehouseError when two of them disagree about the tables.
    """
    data = root / "data"
    sample = (sys.executable, PROJECT / "scripts" / "sample_data.py")
    cost_of((*sample, "--events", str(events), data), {})
    costs: dict[str, list[Cost]] = {name: [] for name in names}
    facts: dict[str, tuple[object, ...]] = {}
    for _ in range(rounds):
        for name in names:
            course = new_course(root)
            cost, facts[name] = run_one(name, course, peers)
            if facts[name] != facts[FLOOR]:
                raise WarehouseError(
                    f"{name} and the floor made different tables: {facts[name]}"
                    f" instead of {facts[FLOOR]}"
                )
            costs[name].append(cost)
            progress(f"{events:,} events, {name}", cost)
    return {name: middle(found) for name, found in costs.items()}


def measured_load(root: Path, rounds: int) -> Costs:
    """The load of everything and of nothing, in turn with DuckDB's reader.

    dbt has parsed the project before: the two loads differ by the files alone.
    """
    costs: dict[str, list[Cost]] = {"read_json": [], "load": [], "load nothing": []}
    for _ in range(rounds):
        course = new_course(root)
        costs["read_json"].append(read_json(course))
        course = new_course(root)
        course.dbt("parse")
        costs["load"].append(course.warehouse("load"))
        costs["load nothing"].append(course.warehouse("load"))
    return {name: middle(found) for name, found in costs.items()}


def measured_later(
    root: Path, events: int, rounds: int, day_events: int, late_songs: int
) -> Costs:
    """`warehouse.py run` where dbt has parsed before.

    In full, with nothing new, with an event, with a day, and with late songs.
    """
    course = new_course(root)
    course.dbt("parse")
    full = []
    for _ in range(rounds):
        course.database.unlink(missing_ok=True)
        full.append(course.warehouse("run"))
        progress(f"{events:,} events, run, parsed before", full[-1])
    kept = root / "full.duckdb"
    course.database.rename(kept)

    def repeated(what: str) -> Cost:
        costs = []
        for _ in range(rounds):
            shutil.copy(kept, course.database)
            os.sync()  # or DuckDB's first sync would pay for writing the copy
            costs.append(course.warehouse("run"))
            progress(f"{events:,} events, {what}", costs[-1])
            course.database.unlink()
        return middle(costs)

    dbt = (sys.executable, "-c", "import dbt.cli.main")
    costs = {
        "parsed before": middle(full),
        "import dbt": middle([cost_of(dbt, {}) for _ in range(rounds)]),
        "nothing new": repeated("nothing new"),
    }
    last = max(course.logs.rglob("*.json"))
    unknown = unknown_tracks(last, course.songs, late_songs)
    for what, count in (("one more event", 1), ("one more day", day_events)):
        next_day = write_next_day(last, count)
        costs[what] = repeated(f"{what}, {count:,} events")
        next_day.unlink()
    write_songs(course.songs / "late", unknown)
    costs["late songs"] = repeated(f"{len(unknown):,} late songs")
    kept.unlink()
    return costs


def new_course(root: Path) -> Course:
    """An empty folder to work in, and the sample's files."""
    folder = root / "course"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    shutil.copy(PROJECT / "profiles.yml.example", folder / "profiles.yml")
    data = root / "data"
    return Course(data / "log_data", data / "song_data", folder)


def progress(what: str, cost: Cost) -> None:
    """A line on stderr, since a bench takes minutes."""
    click.echo(
        f"{what}: {cost.cpu:.1f} s CPU, {cost.wall:.1f} s wall, {cost.memory:,.0f} MB",
        err=True,
    )


def table(events: int, costs: Costs) -> list[str]:
    """The report of one size: the figures, and the ratios to the floor."""
    floor = costs[FLOOR]
    lines = [
        f"{events:,} events",
        f"{'':<14}{'CPU s':>9}{'/ floor':>9}{'wall s':>9}{'/ floor':>9}{'MB':>9}",
    ]
    for name, cost in costs.items():
        lines.append(
            f"{name:<14}{cost.cpu:>9.1f}{cost.cpu / floor.cpu:>9.2f}"
            f"{cost.wall:>9.1f}{cost.wall / floor.wall:>9.2f}{cost.memory:>9,.0f}"
        )
    if "load" in costs:
        took = costs["load"].cpu - costs["load nothing"].cpu
        ratio = took / costs["read_json"].cpu
        lines.append(f"the load without its start: {ratio:.2f} times read_json's CPU")
    return lines


if __name__ == "__main__":
    main()
