"""A real HTTP server that speaks S3 (moto), with a record of what it was asked."""

import json
import logging
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from common.settings import Data
from moto import settings
from moto.iam.models import iam_backends
from moto.s3.models import get_canned_acl, s3_backends
from moto.server import ThreadedMotoServer

ACCOUNT = "123456789012"  # moto's only one, unless told otherwise
REGION = "us-west-2"


@dataclass(frozen=True)
class Request:
    """What a client asked for, and whether it signed that."""

    path: str
    query: str
    is_signed: bool


class Server:
    """The server, its record, and ways to let things happen in between."""

    def __init__(self) -> None:
        logging.getLogger("werkzeug").setLevel(logging.ERROR)
        self._moto = ThreadedMotoServer("127.0.0.1", 0, verbose=False)
        self._moto.start()
        host, port = self._moto.get_host_and_port()
        self.url = f"http://{host}:{port}"
        self.reset()
        served = self._moto._server
        assert served is not None
        inner = served.app

        def app(environ: dict[str, Any], respond: Any) -> Iterable[bytes]:
            asked = Request(
                environ["PATH_INFO"],
                environ["QUERY_STRING"],
                "HTTP_AUTHORIZATION" in environ,
            )
            self.requests.append(asked)
            self.before(asked)
            return self.through(asked, inner(environ, respond))

        served.app = app

    def reset(self) -> None:
        """Forget what was asked, and let nothing happen in between."""
        self.requests: list[Request] = []
        self.before: Callable[[Request], None] = lambda asked: None
        self.through: Callable[[Request, Iterable[bytes]], Iterable[bytes]] = (
            lambda asked, body: body
        )

    def stop(self) -> None:
        """No more requests."""
        self._moto.stop()


class Objects:
    """A bucket of any moto server in this process, filled without HTTP."""

    def __init__(self, name: str, region: str = REGION) -> None:
        self.name = name
        self._s3 = s3_backends[ACCOUNT]["aws"]
        self._s3.create_bucket(name, region)

    @property
    def data(self) -> Data:
        """The settings that name this bucket."""
        return Data(f"s3://{self.name}/logs", f"s3://{self.name}/songs", region=REGION)

    @property
    def contents(self) -> dict[str, bytes]:
        """All that is in the bucket."""
        found = self._s3.get_bucket(self.name).keys
        return {key: bytes(found[key].value) for key in found}

    def put(self, key: str, content: bytes, etag: str | None = None) -> None:
        """Put an object that its owner alone may read."""
        self._s3.put_object(self.name, key, content, etag=etag).set_acl(
            get_canned_acl("private")
        )

    def put_folder(self, prefix: str, folder: Path) -> None:
        """Put all that a folder holds, as `aws s3 sync` would."""
        for path in folder.rglob("*"):
            if path.is_file():
                self.put(f"{prefix}/{path.relative_to(folder)}", path.read_bytes())

    def delete(self, key: str) -> None:
        """Delete an object."""
        self._s3.delete_object(self.name, key)

    def publish(self) -> None:
        """Let everybody read, without credentials too."""
        bucket = self._s3.get_bucket(self.name)
        for readable in (bucket, *bucket.keys.values()):
            readable.set_acl(get_canned_acl("public-read"))


class Bucket(Objects):
    """A bucket that knows what the server was asked of it."""

    def __init__(self, name: str, server: Server) -> None:
        super().__init__(name)
        self.server = server

    @property
    def fetched(self) -> list[str]:
        """The keys of the objects that were asked for, in order."""
        prefix = f"/{self.name}/"
        paths = (asked.path for asked in self.server.requests)
        return sorted(path.removeprefix(prefix) for path in paths if path > prefix)

    @property
    def listings(self) -> int:
        """How many pages of listings were asked for."""
        return sum("list-type=2" in asked.query for asked in self.server.requests)


@contextmanager
def user_who_may(*actions: str) -> Iterator[tuple[str, str]]:
    """A key and a secret of a user who may do just this; who may what is checked."""
    iam = iam_backends[ACCOUNT]["aws"]
    iam.create_user(REGION, "reader")
    statement = {"Effect": "Allow", "Action": list(actions), "Resource": "*"}
    policy = {"Version": "2012-10-17", "Statement": [statement]}
    if actions:
        iam.put_user_policy("reader", "may", json.dumps(policy))
    key = iam.create_access_key("reader")
    before = settings.INITIAL_NO_AUTH_ACTION_COUNT
    settings.INITIAL_NO_AUTH_ACTION_COUNT = 0
    try:
        yield key.access_key_id, key.secret_access_key
    finally:
        settings.INITIAL_NO_AUTH_ACTION_COUNT = before
        iam.delete_access_key(key.access_key_id, "reader")
        if actions:
            iam.delete_user_policy("reader", "may")
        iam.delete_user("reader")
