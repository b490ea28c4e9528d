"""The sample data as its tool makes it, and what its tests read from it."""

import hashlib
import json
from functools import cached_property
from pathlib import Path
from typing import Any

from click.testing import CliRunner, Result
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


class Sample:
    """What a run made, read by Python's own json: an independent judge."""

    def __init__(self, out: Path) -> None:
        self.out = out
        self.data = Data(str(out / "log_data"), str(out / "song_data"))

    @cached_property
    def events(self) -> list[Row]:
        return read_events(self.out)

    @cached_property
    def plays(self) -> list[Row]:
        return [event for event in self.events if event["page"] == "NextSong"]

    @cached_property
    def songs(self) -> list[Row]:
        files = (self.out / "song_data").rglob("*.json")
        return [json.loads(path.read_text(encoding="utf-8")) for path in files]


def make(*words: object) -> Result:
    """Run the tool in this process; options and folder as words."""
    return CliRunner().invoke(main, [str(word) for word in words])


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
    assert done.exit_code == 0, done.stderr
