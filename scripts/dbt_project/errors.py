"""What dbt and the databases below it say, as one line with the next step."""

import os
import re
from collections.abc import Mapping
from importlib.metadata import version
from pathlib import Path

from common.errors import DatabaseError, WarehouseError

LOCKED = re.compile(r'Could not set lock on file "([^"]*)".*?\(PID (\d+)\)', re.DOTALL)
NO_DATABASE = re.compile(r'file "?([^"\n]*?)"? exists, but it is not a valid DuckDB')
OTHER_VERSION = "Trying to read a database file with version number"
NO_SPACE = re.compile("No space left on device|File too large|Disk quota exceeded")
CONFLICT = re.compile(
    "concurrent transaction|isolation violation|deadlock|could not obtain lock",
    re.IGNORECASE,
)
ANOTHER_TRANSACTION = "another transaction was in the way; run again"
FROM_MACROS = re.compile(r"(Runtime Error\s+)?Compilation Error")

Advice = tuple[type[WarehouseError], str, str]  # error, pattern, what to do

# The first match counts.
CONNECTION_ADVICE: list[Advice] = [
    (
        DatabaseError,
        "reached usage limit",
        "Serverless has used its RPU-hours of the day, so AWS refuses queries until the"
        " next day; raise rpu_hours_a_day in [cluster] of warehouse.toml and run"
        " `warehouse.py up`, then run again",
    ),
    (
        DatabaseError,
        "communication error.*refused|timed out|timeout expired",
        "{host}, port {port}, does not answer; check REDSHIFT_HOST and REDSHIFT_PORT,"
        " and that allow_cidrs in [cluster] has your address: `warehouse.py up` sets"
        " the rule",
    ),
    (
        DatabaseError,
        "communication error|gaierror",
        "{host} is not found or not reached; check REDSHIFT_HOST (`warehouse.py status"
        " --target redshift` has it) and your network",
    ),
    (
        DatabaseError,
        "socket closed|brokenpipe|connection reset|unexpectedly closed",
        "the connection to Redshift broke; run again: what is not published yet is"
        " loaded then",
    ),
]


def plain_dbt_error(text: str, engine: str, file: Path | None = None) -> WarehouseError:
    """One line for what dbt said of a DuckDB file or of Redshift.

    DatabaseError for Redshift's own words.
    """
    if advice := file_advice(text, file):
        return WarehouseError(advice)
    if NO_SPACE.search(text):
        return WarehouseError(f"{one_line(text)}; make room and run again")
    if engine == "redshift" and not FROM_MACROS.match(text):
        address = {
            "host": os.environ.get("REDSHIFT_HOST", "the host of REDSHIFT_HOST"),
            "port": os.environ.get("REDSHIFT_PORT", "5439"),
        }
        return advised(one_line(text), CONNECTION_ADVICE, address, DatabaseError)
    return WarehouseError(one_line(text))


def file_advice(text: str, file: Path | None) -> str:
    """What to do about a DuckDB file that cannot be opened; empty for other errors."""
    if locked := LOCKED.search(text):
        return (
            f"{locked[1]}: another process (PID {locked[2]}) has this DuckDB file"
            " open; wait for it or close it, then run again"
        )
    if found := NO_DATABASE.search(text):
        return f"{found[1]} is not a DuckDB file; set SPARKIFY_DUCKDB to another path"
    if "Unable to determine target database name from 'path'" in text:
        return "SPARKIFY_DUCKDB is empty; unset it, or name a file"
    if file and OTHER_VERSION in text:
        with file.open("rb") as header:
            writer = header.read(84)[52:].strip(b"\0").decode("ascii", "replace")
        return (
            f"{file} was written by DuckDB {writer}, and .venv has"
            f" v{version('duckdb')}, which cannot read it; set SPARKIFY_DUCKDB to"
            " another path, or see docs/limits.md on versions of DuckDB"
        )
    return ""


def one_line(text: str) -> str:
    """dbt's message without its headings and its trail of macros."""
    lines = [line.strip() for line in text.splitlines()]
    kept = [
        line
        for line in lines
        if line
        and not line.startswith(">")
        and not re.fullmatch(r"(Encountered an error.*|\w+ Error( in .*)?)", line)
    ]
    return " ".join(kept) or text.strip()


def advised(
    text: str,
    table: list[Advice],
    names: Mapping[str, object],
    otherwise: type[WarehouseError],
) -> WarehouseError:
    """The error for Redshift's words, after the first advice whose pattern is there."""
    for kind, pattern, words in table:
        if re.search(pattern, text, re.IGNORECASE | re.DOTALL):
            return kind(f"{words.format_map(names)} (Redshift: {text})")
    return otherwise(text)
