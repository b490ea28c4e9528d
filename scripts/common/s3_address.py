"""S3 addresses: how `s3://bucket/prefix` is read, everywhere."""

import re
from dataclasses import dataclass

from common.errors import Refused

ADDRESS = re.compile(r"s3://([a-z0-9][a-z0-9.-]{1,61}[a-z0-9])(?:/(.*))?", re.DOTALL)
# A prefix that may go into SQL and IAM policies: no quote, wildcard or variable.
# macros/load/redshift_load.sql checks it, too.
PLAIN_PREFIX = "([A-Za-z0-9_.=+@-]+/)*"


@dataclass(frozen=True, order=True)
class S3Address:
    """A bucket and a prefix, which ends in / or is empty."""

    bucket: str
    prefix: str

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.prefix}"


def is_s3(uri: str) -> bool:
    """Whether this names something in S3, and not a local folder."""
    return uri.startswith("s3://")


def parse(uri: str, where: str = "") -> S3Address:
    """Read an address; a prefix is a folder, with or without the last slash.

    Raises Refused for anything else; `where` begins its line.
    """
    match = ADDRESS.fullmatch(uri)
    if match is None:
        raise Refused(f'{where}"{uri}" is not an S3 address; write s3://bucket/prefix')
    prefix = (match[2] or "").rstrip("/")
    return S3Address(match[1], f"{prefix}/" if prefix else "")


def parse_plain(setting: str, uri: str) -> S3Address:
    """Read the address of a setting that goes into SQL or into a policy.

    Raises Refused, naming the setting, for a character that could change either.
    """
    where = f"{setting} in [data] of warehouse.toml: "
    address = parse(uri, where)
    if not re.fullmatch(PLAIN_PREFIX, address.prefix):
        raise Refused(
            f'{where}"{uri}" goes into SQL and into a policy; use folder names of'
            " letters, digits and _ . = + @ - only"
        )
    return address
