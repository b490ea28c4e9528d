"""What we must know of profiles.yml before dbt reads it."""

import os
from pathlib import Path
from typing import Any

import yaml
from common.errors import Refused
from common.settings import PROJECT

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
    """Raise Refused, naming file and line, for a setting that breaks a promise."""
    output = _output(path, target)
    for key, value in getattr(output, "value", []):
        if key.value not in SAFE:
            continue
        wanted, reason = SAFE[key.value]
        if yaml.safe_load(value.value) != wanted:
            step = "remove the line" if wanted is None else f"set it to {wanted}"
            raise Refused(
                f"{path}, line {key.start_mark.line + 1}: {key.value}:"
                f" {value.value}: {reason}; {step.lower()}"
            )


def target_type(path: Path, target: str | None) -> str:
    """The engine of a target, such as `duckdb`; empty when there is no such target.

    Raises Refused when the file is missing, not valid YAML, or another project's.
    """
    return str(getattr(_child(_output(path, target), "type"), "value", ""))


def _output(path: Path, target: str | None) -> Any:
    elsewhere = os.environ.get("DBT_PROFILES_DIR")
    try:
        profile = _child(yaml.compose(path.read_text(encoding="utf-8")), "sparkify")
    except FileNotFoundError:
        step = "`unset DBT_PROFILES_DIR`" if elsewhere else "run `make setup`"
        raise Refused(f"{path} is missing; {step}") from None
    except OSError as error:
        raise Refused(f"{path}: {error.strerror}; make it readable") from None
    except (yaml.YAMLError, UnicodeDecodeError, RecursionError) as error:
        mark = getattr(error, "problem_mark", None)
        line = f", line {mark.line + 1}" if mark else ""
        reason = getattr(error, "problem", None) or error
        raise Refused(
            f"{path}{line}: not valid YAML: {reason}; correct it, or copy"
            " profiles.yml.example again"
        ) from None
    outputs = _child(profile, "outputs")
    if outputs is None:
        step = "`unset DBT_PROFILES_DIR`, or " if elsewhere else ""
        raise Refused(
            f"{path} has no profile `sparkify`; {step}copy it from profiles.yml.example"
        )
    chosen = target or _rendered(getattr(_child(profile, "target"), "value", ""))
    return _child(outputs, chosen)


def _rendered(text: str) -> str:
    """A value as dbt renders it: `{{ env_var('DBT_TARGET', 'dev') }}`."""
    if "{{" not in text:
        return text
    from jinja2 import Environment

    # Only a name comes out of it, and the text is the user's own.
    template = Environment(autoescape=True).from_string(text)
    return template.render(env_var=lambda name, default="": os.getenv(name, default))


def _child(node: Any, name: Any) -> Any:
    value = getattr(node, "value", None)
    for key, child in value if isinstance(value, list) else []:
        if key.value == name:
            return child
    return None
