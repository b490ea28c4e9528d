"""Make sample data in the shape, and with the traps, of the real logs and songs.

Everything is invented and depends on the options alone: the same options give the
same bytes on every machine and every Python.
"""

import fcntl
import os
import random
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import click
from endings import PlainCommand
from errors import Refused, WarehouseError
from sample.events import DAY, make_events, make_users
from sample.mark import MARK
from sample.songs import Plays, Song, make_songs
from settings import version

BUSIEST = 60  # events a user can have a day, on average, and still find the time
SPARSEST = 10  # events a day, and a user, that make sure that none is left out
RECIPE = "made_by.txt"


@dataclass(frozen=True)
class Options:
    """How much to make, and the seed of the choices."""

    days: int
    users: int
    songs: int
    events: int
    seed: int


def write_logs(folder: Path, stream: Iterable[tuple[int, str]]) -> int:
    """One file a UTC day, as the stream has them; how many files."""
    files = 0
    for day, events in groupby(stream, lambda event: event[0] // DAY):
        files += 1
        date = datetime.fromtimestamp(day * DAY, UTC)
        path = (
            folder / f"{date:%Y}" / f"{date:%m}" / f"{date:%Y-%m-%d}-events{MARK}json"
        )
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="ascii", newline="\n") as out:
            for number, (_, line) in enumerate(events):
                out.write(f"\n{line}" if number else line)
    return files


def write_songs(folder: Path, songs: Iterable[Song]) -> Plays:
    """One file a song, by letters three to five of its track id; what can be played."""
    plays, made = Plays([], []), set()
    total = 0.0
    for track_id, text, track, weight in songs:
        total += weight
        plays.tracks.append(track)
        plays.weights.append(total)
        if track_id:
            leaf = folder.joinpath(*track_id[2:5])
            if leaf not in made:
                leaf.mkdir(parents=True, exist_ok=True)
                made.add(leaf)
            (leaf / f"{track_id}{MARK}json").write_text(text, encoding="ascii")
    return plays


def count_files(folder: Path) -> int:
    return sum(len(names) for _, _, names in os.walk(folder))


def is_ours(folder: Path) -> bool:
    """Made by this tool, and nothing was added to it or taken away since."""
    try:
        *_, last = (folder / RECIPE).read_text(encoding="utf-8").split()
    except (OSError, UnicodeDecodeError, ValueError):
        return False
    return last == str(count_files(folder))


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """A new folder beside `out` that takes its place at the end, or leaves no trace.

    A run that was killed leaves the folder, hidden, to the next run, which clears it:
    `out` is as it was or complete, but for the instant between two renames.
    """
    if out.exists() and not out.is_dir():
        raise Refused(f"{out}: is a file; name a folder")
    if out.exists() and any(out.iterdir()) and not is_ours(out):
        raise Refused(
            f"{out}: holds files that sample_data.py did not make; "
            "name a new or an empty folder"
        )
    out = out.resolve()  # "." has no name
    new, old = (out.with_name(f".{out.name}.{which}") for which in ("new", "old"))
    new.mkdir(parents=True, exist_ok=True)
    lock = os.open(new, os.O_RDONLY)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        raise Refused(f"{out}: another run is making it; wait for its end") from None
    try:
        for left in new.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield new
        shutil.rmtree(old, ignore_errors=True)
        if out.exists():
            out.rename(old)
        new.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    except BaseException:
        # Not after a success: then the folder may be the next run's already.
        shutil.rmtree(new, ignore_errors=True)
        if old.exists() and not out.exists():
            old.rename(out)
        raise
    finally:
        os.close(lock)


def check(options: Options) -> None:
    """Refuse what cannot come out as asked for; nothing is written before."""
    most = BUSIEST * options.days * options.users
    least = SPARSEST * max(options.days, options.users)
    if not least <= options.events <= most:
        raise Refused(
            f"--events {options.events}: {options.users} users have {least} to {most} "
            f"in {options.days} days; give other --events, --users or --days"
        )


def make_sample(out: Path, options: Options) -> str:
    """Write the sample to `out` and say what is in it.

    Raises Refused before anything is written, WarehouseError when writing fails.
    """
    check(options)
    given = " ".join(f"--{name} {value}" for name, value in asdict(options).items())
    songs, users, events = (
        random.Random(f"{options.seed} {what}") for what in ("songs", "users", "events")
    )
    try:
        with replacing(out) as new:
            plays = write_songs(new / "song_data", make_songs(songs, options.songs))
            people = make_users(users, options.users)
            stream = make_events(events, options.days, options.events, people, plays)
            files = write_logs(new / "log_data", stream)
            (new / RECIPE).write_text(
                f"python scripts/sample_data.py {given}\n"
                f"files: {files + options.songs + 1}\n",
                encoding="ascii",
            )
    except OSError as error:
        raise WarehouseError(
            f"{error.filename or out}: {error.strerror}; "
            "make room or name another folder"
        ) from None
    return (
        f"{out}: {options.events:,} events of {options.users:,} users "
        f"in {files} files, {options.songs:,} songs"
    )


COUNT = click.IntRange(min=1)


@click.command(cls=PlainCommand)
@click.version_option(version(), message="%(version)s")
@click.option("--days", type=click.IntRange(1, 36_500), default=30, show_default=True)
@click.option("--users", type=COUNT, help="Default: one for 80 events, to 10,000.")
@click.option("--songs", type=COUNT, default=1_000, show_default=True)
@click.option("--events", type=COUNT, default=8_000, show_default=True)
@click.option("--seed", type=int, default=2018, show_default=True)
@click.argument("out", type=click.Path(path_type=Path))
def main(out: Path, users: int | None, **given: int) -> None:
    """Make sample logs and songs in the folder OUT, from 1 November 2018 on.

    A folder that an earlier call made is replaced; any other that holds something is
    refused.
    """
    if users is None:
        # Few enough to come often, many enough to have the time.
        busy = -(-given["events"] // (BUSIEST * 2 // 3 * given["days"]))
        users = max(1, min(given["events"] // 80, 10_000), busy)
    click.echo(make_sample(out, Options(users=users, **given)))


if __name__ == "__main__":
    main()
