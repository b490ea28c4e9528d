"""What tests are made of: small source files, and a warehouse to look into."""

import json
from pathlib import Path
from typing import Any

import duckdb
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from settings import Data

TS = 1541105830796  # 2018-11-01 20:57:10.796 UTC


def event(item: int, **changes: Any) -> dict[str, Any]:
    """An event as the app logs it, the `item`-th of session 1, with changes."""
    return {
        "artist": "Café Tacuba",
        "auth": "Logged In",
        "firstName": "Ada",
        "gender": "F",
        "itemInSession": item,
        "lastName": "Moss",
        "length": 200.5,
        "level": "free",
        "location": "Marinette, WI-MI",
        "method": "PUT",
        "page": "NextSong",
        "registration": 1540919166796.0,
        "sessionId": 1,
        "song": "Eres",
        "status": 200,
        "ts": TS + item * 1000,
        "userAgent": '"Mozilla/5.0"',
        "userId": "7",
    } | changes


def song(song_id: str, **changes: Any) -> dict[str, Any]:
    """A song as the catalogue has it, with changes."""
    return {
        "artist_id": "AR1",
        "artist_latitude": None,
        "artist_location": "",
        "artist_longitude": None,
        "artist_name": "Café Tacuba",
        "duration": 200.5,
        "num_songs": 1,
        "song_id": song_id,
        "title": "Eres",
        "year": 2003,
    } | changes


class Sources:
    """A folder with logs/ and songs/ to be loaded."""

    def __init__(self, folder: Path) -> None:
        self.events = folder / "logs"
        self.songs = folder / "songs"
        self.events.mkdir()
        self.songs.mkdir()

    @property
    def data(self) -> Data:
        """The settings that name this folder."""
        return Data(events=str(self.events), songs=str(self.songs))

    def write_events(self, name: str, *events: dict[str, Any]) -> Path:
        """A log file, one object a line, no final newline."""
        return self.write(self.events / name, lines(*events))

    def write_songs(self, name: str, *songs: dict[str, Any]) -> Path:
        """A song file."""
        return self.write(self.songs / name, lines(*songs))

    def write(self, path: Path, content: bytes) -> Path:
        """A file as it is."""
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_bytes(content)
        return path


def lines(*objects: dict[str, Any]) -> bytes:
    """JSON objects, one a line."""
    return "\n".join(json.dumps(entry) for entry in objects).encode()


class Warehouse:
    """The DuckDB file of a test: emptied before each, at the same path throughout.

    dbt parses anew when an environment variable that the profile reads has changed.
    """

    def __init__(self, path: Path) -> None:
        self.path = path

    def rows(self, sql: str) -> list[tuple[Any, ...]]:
        """The rows of a query, staging tables by their bare names."""
        self.release()
        with duckdb.connect(str(self.path), read_only=True) as connection:
            connection.execute("set search_path = 'main,main_staging'")
            return connection.execute(sql).fetchall()

    def release(self) -> None:
        """Make dbt, which keeps the file open as long as it lives, let go of it."""
        DuckDBConnectionManager.close_all_connections()  # type: ignore[no-untyped-call]

    def value(self, sql: str) -> Any:
        """The one value of a query."""
        return self.rows(sql)[0][0]
