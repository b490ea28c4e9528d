"""dbt in this process: one start, one parse, and its errors in one line."""

import json
import os
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click
from errors import DatabaseError, WarehouseError
from redshift_errors import plain_connection_error
from settings import PROJECT

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

LOCKED = re.compile(r'Could not set lock on file "([^"]*)".*?\(PID (\d+)\)', re.DOTALL)
INLINE = "sql_operation.sparkify.inline_query"
FROM_MACROS = re.compile(r"(Runtime Error\s+)?Compilation Error")


class Dbt:
    """dbt's own runner on this project, parsed once and kept.

    No second connection to the warehouse: queries, too, go through `dbt show`.
    """

    def __init__(self, target: str | None) -> None:
        # The profile names its DuckDB file from the project on, wherever we are called.
        os.chdir(PROJECT)
        from dbt.cli.main import dbtRunner

        self.profile_path = profile_path()
        self._options = ["--project-dir", str(PROJECT)]
        self._options += ["--profiles-dir", str(self.profile_path.parent)]
        self._options += ["--log-level", "none"]
        self._options += ["--target", target] if target else []
        self._failure = ""
        self.engine = ""
        self._runner = dbtRunner(callbacks=[self._see])
        self._on_event: Callable[[Any], None] | None = None
        (PROJECT / "data").mkdir(exist_ok=True)
        parsed: Any = self._invoke("parse").result
        self._runner.manifest = self._manifest = parsed
        self.engine = parsed.metadata.adapter_type
        self.target = target

    def operation(self, macro: str, **arguments: object) -> None:
        """Run a macro; raises WarehouseError with the macro's own message."""
        self._invoke("run-operation", macro, "--args", json.dumps(arguments))

    def query(self, sql: str) -> list[dict[str, Any]]:
        """The rows of a query in which macros, ref and source may stand."""
        return self._rows("--inline", sql)

    def analysis(self, name: str, limit: int = -1) -> list[dict[str, Any]]:
        """The rows of one of the project's analyses; at most `limit`, -1 for all."""
        return self._rows("--select", f"path:analyses/{name}.sql", limit=limit)

    def build(self, full_refresh: bool) -> None:
        """`dbt build` but for the unit tests, which look at code and not at data.

        Tests what is new since all tests last passed, or all with `full_refresh`. Says
        on stderr what was built; raises WarehouseError naming what failed.
        """
        self.operation("create_staging_tables")  # a build needs no load before it
        loads = self.query("{{ loads_to_test() }}")[0]
        tested = 0 if full_refresh else int(loads["tested_load"])
        options = ["--exclude-resource-type", "unit_test"]
        given = {"tested_load": tested, "allow_full_refresh": full_refresh}
        options += ["--vars", json.dumps(given)]
        options += ["--full-refresh"] if full_refresh else []
        self._on_event = _say_what_was_built
        try:
            result = self._invoke("build", *options, check=False)
        finally:
            self._on_event = None
        outcomes = getattr(result.result, "results", None)
        if outcomes is None:
            raise self._error(result)
        bad = [
            f"{outcome.node.name} ({' '.join((outcome.message or '').split())})"
            for outcome in outcomes
            if outcome.status in ("error", "fail")
        ]
        if bad or not result.success:
            named = "; ".join(bad[:3]) + ("; ..." if len(bad) > 3 else "")
            raise WarehouseError(
                f"dbt build: {len(bad)} of {len(outcomes)} steps failed: {named};"
                " see logs/dbt.log, mend it and run again"
            )
        tests = sum(outcome.status == "pass" for outcome in outcomes)
        click.echo(f"{tests} tests passed", err=True)
        self.operation("note_tested", load_id=int(loads["newest_load"]))

    def _rows(self, *what: str, limit: int = -1) -> list[dict[str, Any]]:
        # Neither list every relation first, which is slow to ask of Redshift, nor
        # write the manifest once more.
        options = ["--limit", str(limit), "--no-populate-cache", "--no-write-json"]
        try:
            result: Any = self._invoke("show", *what, *options).result
        finally:
            # dbt forgets its name for an inline query only when the query succeeds.
            self._manifest.nodes.pop(INLINE, None)
        table = result.results[0].agate_table
        names = [name.lower() for name in table.column_names]
        return [dict(zip(names, row.values(), strict=True)) for row in table.rows]

    def _invoke(self, *arguments: str, check: bool = True) -> "dbtRunnerResult":
        self._failure = ""
        result = self._runner.invoke([*arguments, *self._options])
        if check and not result.success:
            raise self._error(result)
        return result

    def _see(self, event: Any) -> None:
        if event.info.name in ("RunningOperationCaughtError", "MainEncounteredError"):
            self._failure = event.data.exc
        elif event.info.level == "error" and not self._failure:
            self._failure = event.info.msg
        elif event.info.name == "JinjaLogWarning":
            click.echo(f"warning: {one_line(event.data.msg)}", err=True)
        elif self._on_event:
            self._on_event(event)

    def _error(self, result: "dbtRunnerResult") -> WarehouseError:
        text = str(result.exception or self._failure or "dbt failed; see logs/dbt.log")
        if locked := LOCKED.search(text):
            return WarehouseError(
                f"{locked[1]}: another process (PID {locked[2]}) has this DuckDB file"
                " open; wait for it or close it, then run again"
            )
        if self.engine == "redshift" and not FROM_MACROS.match(text):
            return DatabaseError(plain_connection_error(one_line(text)))
        return WarehouseError(one_line(text))


def profile_path() -> Path:
    """Where dbt's profiles are: in the project, unless DBT_PROFILES_DIR says else."""
    return Path(os.environ.get("DBT_PROFILES_DIR", PROJECT)) / "profiles.yml"


def one_line(text: str) -> str:
    """dbt's message without its headings and its trail of macros."""
    lines = [line.strip() for line in text.splitlines()]
    told = [
        line
        for line in lines
        if line
        and not line.startswith(">")
        and not re.fullmatch(r"(Encountered an error.*|\w+ Error( in .*)?)", line)
    ]
    return " ".join(told) or text.strip()


def _say_what_was_built(event: Any) -> None:
    if event.info.name in ("LogModelResult", "LogSeedResult"):
        seconds = event.data.execution_time
        click.echo(
            f"built {event.data.node_info.node_name} ({seconds:.1f} s)",
            file=sys.stderr,
        )
