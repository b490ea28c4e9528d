"""The lines of a Redshift profile that the load relies on."""

from pathlib import Path
from typing import Any

import yaml
from errors import Refused

# What dbt-redshift takes, too, when the line is not there.
SAFE: dict[str, tuple[Any, str]] = {
    "autocommit": (True, "the load writes its own begin and commit"),
    "retries": (1, "a driver that retries could COPY twice"),
    "retry_all": (False, "a COPY that failed must not be sent again"),
    "connect_timeout": (None, "it cuts off every statement that takes longer"),
}


def check_profile(path: Path, target: str | None) -> None:
    """Raise Refused, naming file and line, for a setting that breaks a promise."""
    root: Any = yaml.compose(path.read_text(encoding="utf-8"))
    profile = _child(root, "sparkify")
    chosen = target or getattr(_child(profile, "target"), "value", "")
    output = _child(_child(profile, "outputs"), chosen)
    for key, value in getattr(output, "value", []):
        if key.value not in SAFE:
            continue
        wanted, reason = SAFE[key.value]
        if yaml.safe_load(value.value) != wanted:
            mend = "remove the line" if wanted is None else f"set it to {wanted}"
            raise Refused(
                f"{path}, line {key.start_mark.line + 1}: {key.value}:"
                f" {value.value}: {reason}; {mend.lower()}"
            )


def _child(node: Any, name: Any) -> Any:
    for key, value in getattr(node, "value", []):
        if key.value == name:
            return value
    return None
