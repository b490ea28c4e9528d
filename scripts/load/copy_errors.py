"""What Redshift says of a COPY that failed, turned into what to do about it."""

from collections.abc import Iterator
from contextlib import contextmanager

from common.errors import DatabaseError, Refused, WarehouseError
from common.settings import Data
from dbt_project.errors import ANOTHER_TRANSACTION, CONFLICT, Advice, advised

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
    (WarehouseError, CONFLICT.pattern, ANOTHER_TRANSACTION),
]


@contextmanager
def plain_copy_errors(data: Data) -> Iterator[None]:
    """Raise WarehouseError with advice for what fails; nothing is published then."""
    try:
        yield
    except DatabaseError as error:
        names = {
            "role": data.role,
            "region": data.region,
            "events": data.events,
            "songs": data.songs,
            "manifests": data.manifests,
        }
        raise advised(str(error), COPY_ADVICE, names, WarehouseError) from None
