"""Buckets of moto's S3, and who may read them."""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from common.settings import Data
from moto import settings
from moto.iam.models import iam_backends
from moto.s3.models import get_canned_acl, s3_backends

from support.aws_server import ACCOUNT, REGION, AwsServer


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
    """A bucket and the server that was asked for its objects."""

    def __init__(self, name: str, server: AwsServer) -> None:
        super().__init__(name)
        self.server = server

    @property
    def fetched(self) -> list[str]:
        """The keys of the objects that were asked for, in order."""
        return sorted(
            call.params["Key"]
            for call in self.server.calls
            if call.action == "GetObject" and call.params["Bucket"] == self.name
        )

    @property
    def listings(self) -> int:
        """How many pages of listings were asked for."""
        return sum(call.action == "ListObjectsV2" for call in self.server.calls)


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
