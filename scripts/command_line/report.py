"""What the commands print on stdout: numbers for machines, tables for people."""

import dataclasses
import json
import sys
from datetime import date, datetime
from decimal import Decimal
from typing import Any

import click
from dbt_project.runner import Dbt, Rows
from load.loading import Loaded

UNLIMITED = 100_000  # columns of a pipe or a file
SHOWN_LOADS = 10  # by `status`: one load a day is usual


def summary(counts: Rows, loaded: Loaded | None = None) -> dict[str, Any]:
    """What `--json` prints in numbers, of what was loaded, or else of all loads."""
    result: dict[str, Any] = {
        "load": {"files": 0, "rows": 0, "rejected": 0},
        "staging": {"staging_events": 0, "staging_songs": 0},
        "match": {"plays": 0, "matched": 0, "exact": 0},
        "marts": {},
    }
    for row in counts:
        rows = int(row["row_count"])
        if row["kind"] in result:
            result[row["kind"]][row["name"]] = (
                {"rows": rows} if row["kind"] == "marts" else rows
            )
    if loaded:
        result["load"] = dataclasses.asdict(loaded)
    return result


def add_fingerprints(result: dict[str, Any], dbt: Dbt) -> None:
    """Add each mart's fingerprint to a summary; this reads every row."""
    for row in dbt.analysis("mart_fingerprints"):
        result["marts"][row["mart"]]["fingerprint"] = row["fingerprint"]


def print_json(result: Any) -> None:
    """One object, or list, on one line."""
    click.echo(json.dumps(result, default=_plain))


def print_summary(result: dict[str, Any]) -> None:
    """The summary for a person."""
    loads, match = result["load"], result["match"]
    click.echo(
        f"files loaded   {loads['files']:>12,}"
        f"   ({loads['rows']:,} rows, {loads['rejected']:,} rejected)"
    )
    for name, rows in result["staging"].items():
        click.echo(f"{name:<14} {rows:>12,}")
    for name, mart in result["marts"].items():
        fingerprint = f"   {mart['fingerprint']}" if "fingerprint" in mart else ""
        click.echo(f"{name:<14} {mart['rows']:>12,}{fingerprint}")
    click.echo(
        f"matched        {match['matched']:>12,}"
        f"   of {match['plays']:,} plays, {match['exact']:,} of them exact"
    )


def print_loads(loads: list[dict[str, Any]]) -> None:
    """The newest loads for a person, a line each."""
    print_table(loads[:SHOWN_LOADS])
    if len(loads) > SHOWN_LOADS:
        click.echo(
            f"and {len(loads) - SHOWN_LOADS:,} earlier loads: `status --json` lists"
            " all, `show file_history` each file"
        )


def print_table(rows: list[dict[str, Any]]) -> None:
    """Rows with every cell whole: numbers to the right, the rest to the left.

    On a terminal as wide as that, else as wide as it needs; nothing is markup.
    """
    if not rows:
        return
    # rich takes a while to import: only what prints a table pays.
    from rich import box
    from rich.console import Console
    from rich.table import Table

    table = Table(box=box.SIMPLE_HEAD, show_edge=False, pad_edge=False, header_style="")
    for name in rows[0]:
        is_number = all(
            isinstance(row[name], Decimal | int | float | None) for row in rows
        )
        justify = "right" if is_number else "left"
        table.add_column(name, justify=justify, overflow="fold")
    for row in rows:
        table.add_row(*(_cell(value) for value in row.values()))
    width = None if sys.stdout.isatty() else UNLIMITED
    console = Console(width=width, highlight=False, markup=False, emoji=False)
    with console.capture() as printed:
        console.print(table)
    for line in printed.get().splitlines():
        click.echo(line.rstrip())


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, Decimal):
        return f"{value:f}"
    # What a log holds must neither break the table nor command the terminal.
    return "".join(
        letter if letter.isprintable() else ascii(letter)[1:-1] for letter in str(value)
    )


def _plain(value: Any) -> Any:
    """What JSON lacks: decimals and times."""
    if isinstance(value, Decimal):
        return int(value) if value == value.to_integral_value() else float(value)
    if isinstance(value, datetime | date):
        return value.isoformat()
    return str(value)
