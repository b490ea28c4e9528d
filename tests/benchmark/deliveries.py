"""What arrives later: one more day, and songs that old plays were waiting for."""

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import click

DAY = 86_400_000  # milliseconds


def write_next_day(last: Path, events: int) -> Path:
    """The day after the last one: so many of its events, a day later each."""
    lines = last.read_text(encoding="utf-8").splitlines()
    if len(lines) < events:
        raise click.ClickException(
            f"--day-events {events}: the last day has {len(lines)}; ask for fewer"
        )
    step = len(lines) / events
    path = last.with_name("next-day.sample.json")
    with path.open("w", encoding="utf-8") as out:
        for number in range(events):
            event = json.loads(lines[int(number * step)])
            event["ts"] += DAY
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
        path = folder / f"{number}.sample.json"
        path.write_text(json.dumps(song), encoding="utf-8")
