"""The sample data as its tool makes it, and what its tests read from it."""

import hashlib
import json
import subprocess
from pathlib import Path
from typing import Any, NamedTuple

from click.testing import CliRunner
from common.settings import Data
from sample_data import main

EVENT_KEYS = (
    "artist auth firstName gender itemInSession lastName length level location method "
    "page registration sessionId song status ts userAgent userId"
)
SONG_KEYS = (
    "artist_id artist_latitude artist_location artist_longitude artist_name duration "
    "num_songs song_id title year"
)
Row = dict[str, Any]


class Sample(NamedTuple):
    """What a run made, read by Python's own json: an independent judge."""

    out: Path
    events: list[Row]
    plays: list[Row]
    songs: list[Row]

    @property
    def data(self) -> Data:
        """The settings that name this folder."""
        return Data(str(self.out / "log_data"), str(self.out / "song_data"))


def make(*words: object) -> subprocess.CompletedProcess[str]:
    """Run the tool in this process; options and folder as words."""
    options = [str(word) for word in words]
    done = CliRunner().invoke(main, options)
    return subprocess.CompletedProcess(
        options, done.exit_code, done.stdout, done.stderr
    )


def log_files(out: Path) -> list[Path]:
    return sorted((out / "log_data").rglob("*.json"))


def read_events(out: Path) -> list[Row]:
    return [
        json.loads(line)
        for path in log_files(out)
        for line in path.read_text(encoding="utf-8").split("\n")
    ]


def digest(folder: Path) -> str:
    """One hash of every path and byte under a folder."""
    total = hashlib.sha256()
    for path in sorted(path for path in folder.rglob("*") if path.is_file()):
        total.update(f"{path.relative_to(folder)}\n".encode())
        total.update(path.read_bytes())
    return total.hexdigest()


def make_sample(folder: Path) -> None:
    """The sample data of no options, in `sample` below a folder."""
    done = make(folder / "sample")
    assert done.returncode == 0, done.stderr


def read_sample(out: Path) -> Sample:
    """All that lies in a folder of sample data."""
    events = read_events(out)
    songs = [
        json.loads(path.read_text(encoding="utf-8"))
        for path in (out / "song_data").rglob("*.json")
    ]
    plays = [event for event in events if event["page"] == "NextSong"]
    return Sample(out, events, plays, songs)
