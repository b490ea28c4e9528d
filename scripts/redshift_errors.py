"""What Redshift and its driver say, turned into what to do about it."""

import os
import re
from collections.abc import Iterator
from contextlib import contextmanager

from errors import DatabaseError, Refused, WarehouseError
from settings import Data

Advice = tuple[type[WarehouseError], str, str]  # error, pattern, what to do

# The first match counts. Where the server names no place, the advice does.
COPY_ADVICE: list[Advice] = [
    (
        Refused,
        "not authorized to (assume|get credentials)|default iam role",
        "the cluster cannot use the role {role}: not attached, not in sync, or it does"
        " not trust Redshift; run `warehouse.py up`, or set role in [data]",
    ),
    (
        Refused,
        "status 301|permanentredirect|different region",
        "a bucket is in another region than {region}; set region in [data] to that of"
        " the buckets",
    ),
    (
        WarehouseError,
        "problem reading (manifest|jsonpaths) file.*(status 404|nosuchkey)",
        "what the load wrote under {manifests} is gone; let nothing clear that prefix"
        " while a load runs, and run again",
    ),
    (
        WarehouseError,
        "status 404|nosuchkey|mandatory url",
        "an object under {events} or {songs} is gone since it was listed; run again",
    ),
    (
        Refused,
        "status 403|accessdenied|access denied",
        "the role {role} may not read {events}, {songs} or {manifests}: it needs"
        " s3:ListBucket on the buckets and s3:GetObject on these prefixes;"
        " `warehouse.py up` grants both",
    ),
    # The assert of the publishing transaction (macros/load/publish_load.sql).
    (
        WarehouseError,
        "di(vision|vide) by zero",
        "another load published one of these files meanwhile; run again",
    ),
    # dbt connected again: the work tables went with the old session.
    (
        WarehouseError,
        'relation "load_[a-z_]+" does not exist',
        "another transaction was in the way, or the connection broke; run again",
    ),
    (
        WarehouseError,
        "concurrent transaction|isolation violation|deadlock|could not obtain lock",
        "another transaction was in the way; run again",
    ),
]
CONNECTION_ADVICE: list[Advice] = [
    (
        WarehouseError,
        "communication error.*refused|timed out|timeout expired",
        "{host}, port {port}, does not answer; check REDSHIFT_HOST and REDSHIFT_PORT,"
        " and that allow_cidrs in [cluster] has your address: `warehouse.py up` sets"
        " the rule",
    ),
    (
        WarehouseError,
        "communication error|gaierror",
        "{host} is not found or not reached; check REDSHIFT_HOST (`warehouse.py status"
        " --target redshift` has it) and your network",
    ),
    (
        WarehouseError,
        "socket closed|brokenpipe|connection reset|unexpectedly closed",
        "the connection to Redshift broke; run again: what is not published yet is"
        " loaded then",
    ),
]


@contextmanager
def plain_copy_errors(data: Data) -> Iterator[None]:
    """What goes wrong in a load as advice; nothing is published then."""
    try:
        yield
    except DatabaseError as error:
        told = {
            "role": data.role,
            "region": data.region,
            "events": data.events,
            "songs": data.songs,
            "manifests": data.manifests,
        }
        kind, line = _advice(str(error), COPY_ADVICE, told)
        raise kind(line) from None


def plain_connection_error(text: str) -> str:
    """Why the warehouse cannot be reached, and what to check."""
    host = os.environ.get("REDSHIFT_HOST", "localhost")
    port = os.environ.get("REDSHIFT_PORT", "5439")
    return _advice(text, CONNECTION_ADVICE, {"host": host, "port": port})[1]


def _advice(
    text: str, table: list[Advice], told: dict[str, str]
) -> tuple[type[WarehouseError], str]:
    for kind, pattern, advice in table:
        if re.search(pattern, text, re.IGNORECASE | re.DOTALL):
            return kind, f"{advice.format_map(told)} (Redshift: {text})"
    return WarehouseError, text
