"""What dbt and the databases below it say, as one line with the next step."""

import os
import re
from collections.abc import Mapping

from common.errors import DatabaseError, WarehouseError

# What DuckDB says of its file, and what to do; the first match counts.
FILE_ADVICE = {
    r'Could not set lock on file "([^"]*)".*?\(PID (\d+)\)': (
        "{}: another process (PID {}) has this DuckDB file open; wait for it or close"
        " it, then run again"
    ),
    r'file "?([^"\n]*?)"? exists, but it is not a valid DuckDB': (
        "{} is not a DuckDB file; set SPARKIFY_DUCKDB to another path"
    ),
    r"Unable to determine target database name from 'path'": (
        "SPARKIFY_DUCKDB is empty; unset it, or name a file"
    ),
    r"Trying to read a database file with version number": (
        "the DuckDB file has another version than the DuckDB in .venv can read; set"
        " SPARKIFY_DUCKDB to another path, or see docs/limits.md"
    ),
}
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
        "communication error|gaierror|timed out|timeout expired",
        "{host}, port {port}, is not found or does not answer; check REDSHIFT_HOST and"
        " REDSHIFT_PORT, your network, and that allow_cidrs in [cluster] has your"
        " address: `warehouse.py up` sets the rule",
    ),
    (
        DatabaseError,
        "socket closed|brokenpipe|connection reset|unexpectedly closed",
        "the connection to Redshift broke; run again: what is not published yet is"
        " loaded then",
    ),
]


def plain_dbt_error(text: str, engine: str) -> WarehouseError:
    """One line for what dbt said of a DuckDB file or of Redshift.

    DatabaseError for Redshift's own words.
    """
    for pattern, advice in FILE_ADVICE.items():
        if match := re.search(pattern, text, re.DOTALL):
            return WarehouseError(advice.format(*match.groups()))
    if engine == "redshift" and not FROM_MACROS.match(text):
        address = {
            "host": os.environ.get("REDSHIFT_HOST", "the host of REDSHIFT_HOST"),
            "port": os.environ.get("REDSHIFT_PORT", "5439"),
        }
        return advised(one_line(text), CONNECTION_ADVICE, address, DatabaseError)
    return WarehouseError(one_line(text))


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
