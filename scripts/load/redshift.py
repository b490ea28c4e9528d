"""The load's Redshift half: what COPY finds in S3, and what its errors mean.

Redshift reads the files itself; nothing here opens one.
"""

import re
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict
from typing import Any

from common.aws import Clients
from common.errors import DatabaseError, Refused, WarehouseError
from common.settings import Data
from dbt_project.errors import Advice, advised
from dbt_project.profile import check_profile
from dbt_project.runner import Dbt

from load.files import Listed
from load.manifests import check_locations, shown_names, write_plan
from load.reading import Task

ANALYZE_ROWS = 100_000  # as many new rows make the planner's statistics wrong
TOO_MANY = re.compile("check '\\w*load_error\\w*' system table", re.IGNORECASE)
# The age counts by the cluster's clock alone.
BAD_LINES = """
select
    query_id,
    trim(file_name) as file_name,
    line_number,
    trim(column_name) as column_name,
    trim(error_message) as error_message
from sys_load_error_detail
where start_time >= dateadd(second, -{seconds}, getdate())
order by query_id desc, file_name, line_number
"""
# What to do about a COPY that failed. The first match counts.
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
        "status 404|nosuchkey|mandatory url",
        "an object under {events}, {songs} or {manifests} is gone since the load listed"
        " or wrote it; run again",
    ),
    (
        Refused,
        "status 403|accessdenied|access denied",
        "the role {role} may not read {events}, {songs} or {manifests}: it needs"
        " s3:ListBucket on the buckets and s3:GetObject on these prefixes;"
        " `warehouse.py up` grants both",
    ),
    # The assert of the publishing transaction (macros/load/redshift_load.sql).
    (
        WarehouseError,
        "di(vision|vide) by zero",
        "another load published one of these files meanwhile; run again",
    ),
    # The last one: dbt connected again, and the work tables went with the old session.
    (
        WarehouseError,
        "concurrent transaction|isolation violation|deadlock|could not obtain lock"
        '|relation "load_[a-z_]+" does not exist',
        "another transaction was in the way, or the connection broke; run again",
    ),
]


def check(dbt: Dbt, data: Data) -> None:
    """Raise Refused, before anything is asked, for settings that cannot work."""
    check_locations(data)
    check_profile(dbt.profile_path, dbt.target)


@contextmanager
def prepared(
    dbt: Dbt, data: Data, clients: Clients, tasks: list[Task]
) -> Iterator[tuple[dict[str, Any], None, Callable[[], bool]]]:
    """Write to S3 what there is to load: the plan for the macro load_staging.

    Redshift reads the files itself, and a reload in any order. Within the block an
    error of Redshift's becomes one line with the next step.
    """
    files = [task.file for task in tasks]
    plan = write_plan(clients.s3, data, files, dbt.event_keys())
    plan |= {"wait_seconds": data.system_view_seconds, "analyze_rows": ANALYZE_ROWS}
    started = time.monotonic()
    try:
        yield plan, None, lambda: True
    except DatabaseError as error:
        if TOO_MANY.search(str(error)):
            raise _bad_line(dbt, data, files, started) from None
        raise advised(str(error), COPY_ADVICE, asdict(data), WarehouseError) from None


def _bad_line(
    dbt: Dbt, data: Data, files: list[Listed], started: float
) -> WarehouseError:
    """What Redshift knows of the lines for which COPY stopped; it may take a while."""
    paths = {name: file.path for file in files for name in shown_names(file.path)}
    until = time.monotonic() + data.system_view_seconds
    while True:
        seconds = int(time.monotonic() - started) + 5
        for row in dbt.query(BAD_LINES.format(seconds=seconds)):
            if path := paths.get(row["file_name"]):
                column = f"{row['column_name']}: " if row["column_name"] else ""
                return WarehouseError(
                    f"{path}, line {row['line_number']}: {column}"
                    f"{row['error_message']}; more bad lines than --max-errors allows,"
                    " nothing was loaded: fix the file, or pass --max-errors to set bad"
                    " lines aside"
                )
        if time.monotonic() >= until:
            return WarehouseError(
                "more bad lines than --max-errors allows, and sys_load_error_detail"
                " does not say which; nothing was loaded: `SPARKIFY_DUCKDB=:memory:"
                " warehouse.py load --target dev` with the same --events and --songs"
                " names them"
            )
        time.sleep(1)
