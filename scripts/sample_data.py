"""Make sample data in the shape, and with the traps, of the real logs and songs.

Everything is invented and depends on the options alone: the same options give the
same bytes on every machine and every Python.
"""

import random
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from itertools import groupby
from pathlib import Path
from tempfile import TemporaryDirectory

import click
from common.errors import Refused
from common.signals import PlainCommand
from sample import MARK, is_sample
from sample.events import DAY, Plays, make_events, make_users
from sample.songs import Song, make_songs

BUSIEST = 60  # events a user can have a day, on average, and still find the time
SPARSEST = 10  # events a day, and a user, that make sure that none is left out
POSITIVE = click.IntRange(min=1)


def write_logs(folder: Path, stream: Iterable[tuple[int, str]]) -> None:
    """One file a UTC day, as the stream has them."""
    for day, events in groupby(stream, lambda event: event[0] // DAY):
        date = datetime.fromtimestamp(day * DAY, UTC)
        path = folder / f"{date:%Y/%m/%Y-%m-%d}-events{MARK}json"
        path.parent.mkdir(parents=True, exist_ok=True)
        with path.open("w", encoding="ascii", newline="\n") as out:
            for number, (_, line) in enumerate(events):
                out.write(f"\n{line}" if number else line)


def write_songs(folder: Path, songs: Iterable[Song]) -> Plays:
    """One file a song, by letters three to five of its track id; what can be played."""
    tracks, weights = [], [0.0]
    for track, weight, track_id, content in songs:
        tracks.append(track)
        weights.append(weights[-1] + weight)
        if track_id:
            path = folder.joinpath(*track_id[2:5], f"{track_id}{MARK}json")
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(content, encoding="ascii")
    return tracks, weights[1:]


@contextmanager
def replacing(out: Path) -> Iterator[Path]:
    """A new folder, which becomes `out` when all went well."""
    if out.is_file() or not all(
        path.is_dir() or is_sample(path.name) for path in out.rglob("*")
    ):
        raise Refused(
            f"{out} has what sample_data.py did not make; name a new or an empty folder"
        )
    out = out.resolve()  # "." has no name
    out.parent.mkdir(parents=True, exist_ok=True)
    with TemporaryDirectory(prefix=f".{out.name}.", dir=out.parent) as folder:
        new = Path(folder, "new")
        yield new
        if out.exists():
            out.rename(Path(folder, "old"))
        new.rename(out)


@click.command(cls=PlainCommand)
@click.option("--days", type=click.IntRange(1, 36_500), default=30, show_default=True)
@click.option("--users", type=POSITIVE, help="Default: one for 80 events, to 10,000.")
@click.option("--songs", type=POSITIVE, default=1_000, show_default=True)
@click.option("--events", type=POSITIVE, default=8_000, show_default=True)
@click.option("--seed", type=int, default=2018, show_default=True)
@click.argument("out", type=click.Path(path_type=Path))
def main(  # noqa: PLR0913 - an argument per option
    *, out: Path, days: int, users: int | None, songs: int, events: int, seed: int
) -> None:
    """Make sample logs and songs in the folder OUT, from 1 November 2018 on.

    Replaces a folder that holds nothing but sample data; refuses any other.
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
    with replacing(out) as new:
        catalogue = make_songs(random.Random(f"{seed} songs"), songs)
        plays = write_songs(new / "song_data", catalogue)
        people = make_users(random.Random(f"{seed} users"), users)
        rng = random.Random(f"{seed} events")
        write_logs(new / "log_data", make_events(rng, days, events, people, plays))
    click.echo(
        f"{out}: {events:,} events of {users:,} users in {days} files, {songs:,} songs"
    )


if __name__ == "__main__":
    main()
