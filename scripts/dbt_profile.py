"""What we must know of profiles.yml before dbt reads it."""

from pathlib import Path
from typing import Any

import yaml
from errors import Refused, WarehouseError

# What dbt-redshift takes, too, when the line is not there.
SAFE: dict[str, tuple[Any, str]] = {
    "autocommit": (True, "the load writes its own begin and commit"),
    "retries": (1, "a driver that retries could COPY twice"),
    "retry_all": (False, "a COPY that failed must not be sent again"),
    "connect_timeout": (None, "it cuts off every statement that takes longer"),
}


def check_profile(path: Path, target: str | None) -> None:
    """Raise Refused, naming file and line, for a setting that breaks a promise."""
    output = _output(path, target)
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


def target_type(path: Path, target: str | None) -> str:
    """The engine of a target, such as `duckdb`; empty when there is no such target."""
    return str(getattr(_child(_output(path, target), "type"), "value", ""))


def _output(path: Path, target: str | None) -> Any:
    if not path.exists():
        raise WarehouseError(f"{path} is missing; run `make setup` to copy the example")
    profile = _child(yaml.compose(path.read_text(encoding="utf-8")), "sparkify")
    chosen = target or getattr(_child(profile, "target"), "value", "")
    return _child(_child(profile, "outputs"), chosen)


def _child(node: Any, name: Any) -> Any:
    for key, value in getattr(node, "value", []):
        if key.value == name:
            return value
    return None
