"""What a tested build was made of: hashes of the code, and of what is there."""

import hashlib
import json
import os
from importlib.metadata import version
from typing import Any

PACKAGES = ("dbt-core", "dbt-adapters", "dbt-common")
DRIVERS = {
    "duckdb": ("dbt-duckdb", "duckdb"),
    "redshift": ("dbt-redshift", "redshift-connector"),
}

Rows = list[dict[str, Any]]


def code_hash(manifest: Any, profile: Any) -> str:
    """A hash of all that decides what dbt makes of staging. It has no secret.

    `manifest` is what dbt parsed, with the checksum of each file that it read;
    `profile` is the target as dbt read it.
    """
    files = {
        name: file.checksum.checksum
        for name, file in manifest.files.items()
        if file.parse_file_type != "analysis"
    }
    for name, checksum in manifest.state_check.project_hashes.items():
        files[f"{name}://dbt_project.yml"] = checksum.checksum
    credentials = profile.credentials
    settings = dict(credentials.connection_info())
    settings.pop("path", None)  # the record is in this file itself
    for name in ("access_mode", "temp_directory"):  # how it is opened
        (settings.get("config_options") or {}).pop(name, None)
    packages = (*PACKAGES, *DRIVERS.get(credentials.type, ()))
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
