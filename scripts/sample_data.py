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
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path

import click
from common.errors import Refused, WarehouseError
from common.settings import version
from common.signals import PlainCommand
from sample.events import DAY, Plays, make_events, make_users
from sample.mark import MARK
from sample.songs import Song, make_songs

BUSIEST = 60  # events a user can have a day, on average, and still find the time
SPARSEST = 10  # events a day, and a user, that make sure that none is left out
RECIPE = "made_by.txt"


def write_logs(folder: Path, stream: Iterable[tuple[int, str]]) -> int:
    """One file a UTC day, as the stream has them; how many files."""
    files = 0
    for day, events in groupby(stream, lambda event: event[0] // DAY):
        files += 1
        date = datetime.fromtimestamp(day * DAY, UTC)
        path = folder / f"{date:%Y/%m/%Y-%m-%d}-events{MARK}json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="ascii", newline="\n") as out:
            for number, (_, line) in enumerate(events):
                out.write(f"\n{line}" if number else line)
    return files


def write_songs(folder: Path, songs: Iterable[Song]) -> Plays:
    """One file a song, by letters three to five of its track id; what can be played."""
    tracks, weights = [], [0.0]
    for song in songs:
        tracks.append(song.track)
        weights.append(weights[-1] + song.weight)
        if song.content:
            path = folder.joinpath(*song.track_id[2:5], f"{song.track_id}{MARK}json")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(song.content, encoding="ascii")
    return tracks, weights[1:]


def is_ours(folder: Path) -> bool:
    """Made by this tool, and nothing was added to it or taken away since."""
    recipe = folder / RECIPE
    words = recipe.read_bytes().split() if recipe.is_file() else []
    files = sum(len(names) for _, _, names in os.walk(folder))
    return words[-1:] == [b"%d" % files]


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """A new folder beside `out` that replaces it at the end, or leaves no trace.

    A killed run leaves the folder, hidden, for the next run to clear: `out` is as it
    was or complete, except in the instant between two renames.
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
        for left in new.iterdir():
            shutil.rmtree(left) if left.is_dir() else left.unlink()
        yield new
        shutil.rmtree(old, ignore_errors=True)
        if out.exists():
            out.rename(old)
        new.rename(out)
        shutil.rmtree(old, ignore_errors=True)
    except BlockingIOError:
        raise Refused(f"{out}: another run is making it; wait for its end") from None
    except BaseException:
        shutil.rmtree(new, ignore_errors=True)
        raise
    finally:
        os.close(lock)


COUNT = click.IntRange(min=1)


@click.command(cls=PlainCommand)
@click.version_option(version(), message="%(version)s")
@click.option("--days", type=click.IntRange(1, 36_500), default=30, show_default=True)
@click.option("--users", type=COUNT, help="Default: one for 80 events, to 10,000.")
@click.option("--songs", type=COUNT, default=1_000, show_default=True)
@click.option("--events", type=COUNT, default=8_000, show_default=True)
@click.option("--seed", type=int, default=2018, show_default=True)
@click.argument("out", type=click.Path(path_type=Path))
def main(  # noqa: PLR0913 - an argument per option
    *, out: Path, days: int, users: int | None, songs: int, events: int, seed: int
) -> None:
    """Make sample logs and songs in the folder OUT, from 1 November 2018 on.

    A folder that an earlier call made is replaced; any other that holds something is
    refused.
    """
    if users is None:
        # Few enough to come often, many enough to have the time.
        busy = -(-events // (BUSIEST * 2 // 3 * days))
        users = max(1, min(events // 80, 10_000), busy)
    least, most = SPARSEST * max(days, users), BUSIEST * days * users
    if not least <= events <= most:
        raise Refused(
            f"--events {events}: {users} users have {least} to {most} "
            f"in {days} days; give other --events, --users or --days"
        )
    song_rng, user_rng, rng = (
        random.Random(f"{seed} {what}") for what in ("songs", "users", "events")
    )
    try:
        with replacing(out) as new:
            plays = write_songs(new / "song_data", make_songs(song_rng, songs))
            people = make_users(user_rng, users)
            stream = make_events(rng, days, events, people, plays)
            files = write_logs(new / "log_data", stream)
            given = f"--days {days} --users {users} --songs {songs} --events {events}"
            (new / RECIPE).write_text(
                f"python scripts/sample_data.py {given} --seed {seed}\n"
                f"files: {files + songs + 1}\n",
                encoding="ascii",
            )
    except OSError as error:
        raise WarehouseError(
            f"{error.filename or out}: {error.strerror}; "
            "make room or name another folder"
        ) from None
    click.echo(
        f"{out}: {events:,} events of {users:,} users in {files} files, {songs:,} songs"
    )


if __name__ == "__main__":
    main()
