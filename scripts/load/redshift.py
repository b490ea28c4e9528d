"""The load's Redshift half: what COPY finds in S3, and what its errors mean.

Redshift reads the files itself; nothing here opens one.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from dbt_profile import check_profile
from dbt_project import Dbt
from settings import Data

from load.copy_errors import plain_copy_errors
from load.files import Listed
from load.manifests import check_places, write_plan


def check(dbt: Dbt, data: Data) -> None:
    """Raise Refused, before anything is asked, for settings that cannot work."""
    check_places(data)
    check_profile(dbt.profile_path, dbt.target)


@contextmanager
def prepared(
    dbt: Dbt, data: Data, connect: Callable[[], Any], files: list[Listed]
) -> Iterator[dict[str, str]]:
    """Say in S3 what there is to load: the plan for the macro load_staging.

    Within the block an error of Redshift's becomes one line with the next step.
    """
    keys = [row["json_key"] for row in dbt.query("{{ json_keys('events') }}")]
    plan = write_plan(connect(), data, files, keys)
    with plain_copy_errors(data):
        yield plan
