"""What a day costs: CPU time of whole runs, and of runs that add a little to them.

Makes sample data, runs `warehouse.py run` on it, then adds one more day, or songs that
old plays were waiting for, each to a copy of the full warehouse, and runs again. Every
run is a process of its own, as cron would start it; its CPU time (user and system, in
seconds) is the kernel's own account of it. Neighbours on the machine can only add to
that: the small runs are made three times, each on a fresh copy, and the least counts;
the full run is made once. All that this writes is in one temporary folder, removed at
the end; ten million events take 8 GB.
"""

import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import click
from errors import WarehouseError
from sample.events import DAY
from settings import PROJECT

SCRIPTS = PROJECT / "scripts"
REPEATS = 3


@dataclass(frozen=True)
class Cost:
    """CPU seconds of the runs on a history of so many events."""

    events: int
    full: float
    nothing: float
    day: float
    songs: float


class Bench:
    """A temporary folder with sample data, a profile and a warehouse."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.data = folder / "data"
        self.logs = self.data / "log_data"
        self.songs = self.data / "song_data"
        self.database = folder / "warehouse.duckdb"
        self.kept = folder / "full.duckdb"
        shutil.copy(PROJECT / "profiles.yml.example", folder / "profiles.yml")

    def measure(self, events: int, day_events: int, songs: int) -> Cost:
        """Every kind of run on a history of this size."""
        self.start("sample_data.py", "--events", str(events), str(self.data))
        full = self.run()
        click.echo(f"{events:,} events, in full: {full:.1f} CPU seconds", err=True)
        self.database.rename(self.kept)
        nothing = self.least("nothing new")
        last = max(self.logs.rglob("*.json"))
        unknown = unknown_tracks(last, self.songs, songs)
        next_day = write_next_day(last, day_events)
        day = self.least(f"one more day of {day_events:,}")
        next_day.unlink()
        write_songs(self.songs / "late", unknown)
        late = self.least(f"{len(unknown):,} songs for old plays")
        shutil.rmtree(self.data)
        self.kept.unlink()
        return Cost(events, full, nothing, day, late)

    def least(self, what: str) -> float:
        """`warehouse.py run` on copies of the full warehouse: the least CPU seconds."""
        seconds = []
        for _ in range(REPEATS):
            shutil.copy(self.kept, self.database)
            # Or DuckDB's first sync would pay for writing out the copy.
            os.sync()
            seconds.append(self.run())
            self.database.unlink()
        told = ", ".join(f"{second:.1f}" for second in seconds)
        click.echo(f"{what}: {told} CPU seconds", err=True)
        return min(seconds)

    def run(self) -> float:
        """`warehouse.py run`: its CPU seconds."""
        return self.start(
            "warehouse.py",
            "run",
            *("--events", str(self.logs)),
            *("--songs", str(self.songs)),
        )

    def start(self, script: str, *words: str) -> float:
        """A script as a process: its CPU seconds. Raises WarehouseError if it fails."""
        process = subprocess.Popen(
            [sys.executable, str(SCRIPTS / script), *words],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.PIPE,
            text=True,
            env=os.environ
            | {
                "SPARKIFY_DUCKDB": str(self.database),
                "DBT_PROFILES_DIR": str(self.folder),
                "DBT_TARGET_PATH": str(self.folder / "target"),
                "DBT_LOG_PATH": str(self.folder / "logs"),
            },
        )
        with process:
            said = process.stderr.read() if process.stderr else ""
            _, status, used = os.wait4(process.pid, 0)
            process.returncode = os.waitstatus_to_exitcode(status)
        if process.returncode:
            raise WarehouseError(f"{script} failed: {said.strip()}")
        return used.ru_utime + used.ru_stime


def write_next_day(last: Path, events: int) -> Path:
    """The day after the last one: so many of its events, a day later each."""
    lines = last.read_text(encoding="utf-8").splitlines()
    if len(lines) < events:
        raise WarehouseError(
            f"--day-events {events}: the last day has {len(lines)}; ask for fewer"
        )
    step = len(lines) / events
    path = last.with_name("next-day.json")
    with path.open("w", encoding="utf-8") as out:
        for number in range(events):
            event = json.loads(lines[int(number * step)])
            event["ts"] += DAY * 1000  # milliseconds
            out.write(json.dumps(event) + "\n")
    return path


def unknown_tracks(log: Path, catalogue: Path, count: int) -> list[dict[str, Any]]:
    """Plays of a log file, one of each track that the catalogue lacks."""
    found = {
        (song["title"], song["artist_name"])
        for path in catalogue.rglob("*.json")
        for song in [json.loads(path.read_text(encoding="utf-8"))]
    }
    unknown: list[dict[str, Any]] = []
    for play in plays(log):
        track = (play["song"], play["artist"])
        if track not in found and len(unknown) < count:
            found.add(track)
            unknown.append(play)
    return unknown


def plays(log: Path) -> Iterator[dict[str, Any]]:
    """The plays of a log file."""
    with log.open(encoding="utf-8") as lines:
        for line in lines:
            event = json.loads(line)
            if event["page"] == "NextSong":
                yield event


def write_songs(folder: Path, played: list[dict[str, Any]]) -> None:
    """A song file for each of these plays."""
    folder.mkdir()
    for number, play in enumerate(played):
        song = {
            "artist_id": f"ARLATE{number}",
            "artist_latitude": None,
            "artist_location": "",
            "artist_longitude": None,
            "artist_name": play["artist"],
            "duration": play["length"],
            "num_songs": 1,
            "song_id": f"SOLATE{number}",
            "title": play["song"],
            "year": 0,
        }
        path = folder / f"{number}.json"
        path.write_text(json.dumps(song), encoding="utf-8")


def table(costs: list[Cost]) -> Iterator[str]:
    """The lines of the report: seconds, and parts of the full run's."""
    yield (
        f"{'events':>12}  {'full':>8}  {'nothing new':>16}  {'one more day':>16}"
        f"  {'late songs':>16}"
    )
    for cost in costs:
        yield f"{cost.events:>12,}  {cost.full:>6.1f} s" + "".join(
            f"  {seconds:>6.1f} s = {seconds / cost.full:.2f}"
            for seconds in (cost.nothing, cost.day, cost.songs)
        )
    first, last = costs[0], costs[-1]
    if first is not last:
        yield (
            f"one more day costs {last.day / first.day:.2f} times as much on"
            f" {last.events / first.events:.0f} times the history"
        )


@click.command()
@click.option(
    "--events",
    type=click.IntRange(min=1),
    multiple=True,
    default=(1_000_000, 10_000_000),
    show_default=True,
    help="Events of history; give it more than once to compare.",
)
@click.option(
    "--day-events", type=click.IntRange(min=1), default=30_000, show_default=True
)
@click.option("--songs", type=click.IntRange(min=1), default=100, show_default=True)
def main(events: tuple[int, ...], day_events: int, songs: int) -> None:
    """Measure what full runs and increments cost, in CPU seconds."""
    with tempfile.TemporaryDirectory(prefix="sparkify-bench-") as folder:
        bench = Bench(Path(folder))
        costs = [bench.measure(size, day_events, songs) for size in events]
    for line in table(costs):
        click.echo(line)


if __name__ == "__main__":
    main()
