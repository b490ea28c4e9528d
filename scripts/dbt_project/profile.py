"""What we must know of profiles.yml before dbt runs a command."""

import json
import os
from pathlib import Path
from typing import Any

from common.errors import Refused
from common.settings import PROJECT

from dbt_project.errors import one_line

# What dbt-redshift takes, too, when the line is not there.
SAFE: dict[str, tuple[Any, str]] = {
    "autocommit": (True, "the load writes its own begin and commit"),
    "retries": (1, "a driver that retries could COPY twice"),
    "retry_all": (False, "a COPY that failed must not be sent again"),
    "connect_timeout": (None, "it cuts off every statement that takes longer"),
}


def profile_path() -> Path:
    """The profiles.yml that dbt reads: the project's, or DBT_PROFILES_DIR's."""
    folder = os.environ.get("DBT_PROFILES_DIR") or PROJECT
    return Path(folder).absolute() / "profiles.yml"


def check_profile(path: Path, target: str | None) -> None:
    """Raise Refused for a setting that breaks a promise."""
    output = _output(path, target)
    for key, (wanted, reason) in SAFE.items():
        value = output.get(key, wanted)
        if value != wanted:
            step = f"set it to {json.dumps(wanted)}"
            step = "remove the line" if wanted is None else step
            raise Refused(f"{path}: {key}: {json.dumps(value)}: {reason}; {step}")


def target_type(target: str | None) -> str:
    """The engine of a target, such as `duckdb`.

    Raises Refused, naming the file, for all that dbt cannot read.
    """
    return str(_output(profile_path(), target).get("type"))


def _output(path: Path, target: str | None) -> dict[str, Any]:
    """A target as dbt reads it. It may hold a password: do not print it."""
    from dbt.config.profile import Profile, read_profile
    from dbt.config.renderer import ProfileRenderer
    from dbt_common.context import set_invocation_context

    set_invocation_context(os.environ)  # where env_var looks
    try:
        profile = read_profile(str(path.parent)).get("sparkify")
        if isinstance(profile, dict):
            rendered = Profile.render_profile(
                profile, "sparkify", target, ProfileRenderer({})
            )
            return rendered[1]
    except Exception as error:  # dbt lets through what YAML and Python raise
        raise Refused(
            f"{path}: {one_line(str(error))}; correct it, or copy profiles.yml.example"
        ) from None
    raise Refused(
        f"{path} is missing, or has no profile `sparkify`; run `make setup`, or `unset"
        " DBT_PROFILES_DIR` if it names another folder"
    )
