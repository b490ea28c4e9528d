"""What a tested build was made of: hashes of the code, and of what is there."""

import hashlib
import json
import os
from importlib.metadata import version
from pathlib import Path
from typing import Any

# What dbt reads of the project; of the profile it counts what this target says.
READ = (
    *("*.yml", "models/**/*", "macros/**/*", "seeds/**/*"),
    *("tests/**/*.sql", "tests/**/*.yml"),
)
NOT_READ = {"profiles.yml", "dbt-bouncer.yml"}
PACKAGES = ("dbt-core", "dbt-adapters", "dbt-common")
DRIVERS = {
    "duckdb": ("dbt-duckdb", "duckdb"),
    "redshift": ("dbt-redshift", "redshift-connector"),
}

Rows = list[dict[str, Any]]


def code_hash(files: str, profile: Any, engine: str) -> str:
    """A hash of all that decides what dbt makes of staging. It has no secret.

    `files` is what `files_hash` gives, `profile` the target as dbt read it.
    """
    credentials = profile.credentials
    settings = dict(credentials.connection_info())
    settings.pop("path", None)  # the record is in this file itself
    for name in ("access_mode", "temp_directory"):  # how it is opened
        (settings.get("config_options") or {}).pop(name, None)
    packages = (*PACKAGES, *DRIVERS.get(engine, ()))
    flags = {
        name: value
        for name, value in os.environ.items()
        if name.startswith("DBT_")
        and not name.startswith("DBT_ENV_SECRET")
        and not name.endswith(("_PATH", "_DIR", "_TARGET"))
    }
    parts = [
        files,
        credentials.type,
        profile.target_name,
        settings,
        {name: version(name) for name in packages},
        flags,
    ]
    return _hash(json.dumps(parts, sort_keys=True, default=str))


def files_hash(project: Path) -> str:
    """A hash of the project's files that dbt reads, with their names."""
    digest = hashlib.sha256()
    found = {path for place in READ for path in project.glob(place) if path.is_file()}
    for path in sorted(path for path in found if path.name not in NOT_READ):
        content = path.read_bytes()
        digest.update(f"{path.relative_to(project)}\n{len(content)}\n".encode())
        digest.update(content)
    return digest.hexdigest()


def recorded(counts: Rows) -> tuple[str | None, str | None]:
    """The code and the content of the last build whose tests passed, if recorded.

    A warehouse of an earlier version has no such columns.
    """
    record = counts[0] if counts else {}
    return record.get("code"), record.get("content")


def content_hash(counts: Rows) -> str:
    """A hash of what is there: how many rows of what, and tables or views."""
    names = ("kind", "name", "made_as", "row_count")
    rows = [[str(row[name]) for name in names] for row in counts]
    return _hash(json.dumps(rows))


def _hash(text: str) -> str:
    return hashlib.sha256(text.encode()).hexdigest()
