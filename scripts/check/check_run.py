"""Where the checks work: a folder in S3, a schema, and what was there."""

import io
import json
from contextlib import redirect_stderr
from dataclasses import dataclass, replace
from typing import Any

from common import s3_address
from common.aws import listed, plain_errors
from common.settings import Data
from dbt_project.runner import Dbt
from load.loading import Loaded, load

SCHEMA = "sparkify_check_"  # the macro drop_check_schemas drops no other
TS = 1541105830796  # 2018-11-01 20:57:10.796 UTC


class CheckFailed(Exception):
    """A line fails; the text says what was seen."""


@dataclass(frozen=True)
class CheckRun:
    """Where the checks work. `root` is an s3:// folder that nobody else uses."""

    dbt: Dbt
    data: Data
    root: str
    s3: Any

    def put(self, key: str, content: bytes) -> str:
        """An object below the root; its address."""
        location = s3_address.parse(self.root)
        with plain_errors(self.root):
            self.s3.put_object(
                Bucket=location.bucket, Key=location.prefix + key, Body=content
            )
        return f"{self.root}{key}"

    def load(self, folder: str, max_errors: int = 0) -> Loaded:
        """Load what is new in a folder of logs, and the new songs, in silence."""
        data = replace(
            self.data,
            events=f"{self.root}{folder}",
            songs=f"{self.root}songs",
            manifests=f"{self.root}manifests",
        )
        with redirect_stderr(io.StringIO()):
            return load(self.dbt, data, max_errors, reload=False)

    def fingerprints(self) -> dict[str, str]:
        """Every mart's fingerprint."""
        rows = self.dbt.analysis("mart_fingerprints")
        return {row["mart"]: row["fingerprint"] for row in rows}

    def left(self) -> list[str]:
        """The keys of all objects below the root."""
        location = s3_address.parse(self.root)
        with plain_errors(self.root):
            named = {"Bucket": location.bucket, "Prefix": location.prefix}
            return [item["Key"] for item in listed(self.s3, "list_objects_v2", **named)]

    def clear(self) -> None:
        """Remove schemas and objects."""
        self.dbt.operation("drop_check_schemas")
        bucket = s3_address.parse(self.root).bucket
        for key in self.left():
            with plain_errors(self.root):
                self.s3.delete_object(Bucket=bucket, Key=key)


def event(session: int, item: int, **changes: Any) -> dict[str, Any]:
    """An event as the app logs it, with changes."""
    return {
        "artist": "Caf\u00c3\u0083\u00c2\u00a9 Tacuba",  # decoded twice
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
        "sessionId": session,
        "song": "Don\u0019t",
        "status": 200,
        "ts": TS + session * 86_400_000 + item * 1000,
        "userAgent": '"Mozilla/5.0"',
        "userId": "7",
    } | changes


def song(song_id: str, **changes: Any) -> dict[str, Any]:
    """A song as the catalogue has it, with changes."""
    return {
        "artist_id": "AR1",
        "artist_latitude": 19.43,
        "artist_location": "México",
        "artist_longitude": -99.13,
        "artist_name": "Café Tacuba",
        "duration": 200.5,
        "num_songs": 1,
        "song_id": song_id,
        "title": "Don't",
        "year": 1994,
    } | changes


def lines(*documents: dict[str, Any]) -> bytes:
    """JSON objects, one a line."""
    return b"".join(
        json.dumps(document, ensure_ascii=False).encode() + b"\n"
        for document in documents
    )
