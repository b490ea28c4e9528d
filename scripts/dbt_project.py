"""dbt in this process: one start, one parse, and its errors in one line."""

import json
import logging
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dbt_errors import one_line, plain_dbt_error
from dbt_profile import profile_path
from endings import explained, plain_os_error, was_interrupted
from errors import Refused, WarehouseError
from messages import say, warn
from settings import PROJECT

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

INLINE = "sql_operation.sparkify.inline_query"
# DuckDB's words for Ctrl-C, which it takes for itself while a statement runs.
INTERRUPTED = "Query interrupted"


class Dbt:
    """dbt's own runner on this project, parsed once and kept.

    No second connection to the warehouse: queries, too, go through `dbt show`.
    """

    def __init__(self, target: str | None) -> None:
        self.target = target
        self.profile_path = profile_path()
        self.log_file = Path(os.environ.get("DBT_LOG_PATH", PROJECT / "logs"))
        self.log_file = self.log_file.absolute() / "dbt.log"
        # The profile names its DuckDB file from the project on, wherever we are called.
        os.chdir(PROJECT)
        # A log that cannot be written, on a full disk, must not print a traceback.
        logging.raiseExceptions = False
        from dbt.cli.main import dbtRunner

        self._options = ["--project-dir", str(PROJECT)]
        self._options += ["--profiles-dir", str(self.profile_path.parent)]
        self._options += ["--log-path", str(self.log_file.parent)]
        self._options += ["--log-level", "none", "--log-level-file", "debug"]
        self._options += ["--no-use-colors-file"]
        self._options += ["--target", target] if target else []
        self._failure = ""
        self.engine = ""
        self._runner = dbtRunner(callbacks=[self._see])
        self._on_event: Callable[[Any], None] | None = None
        (PROJECT / "data").mkdir(exist_ok=True)
        parsed: Any = self._invoke("parse").result
        self._runner.manifest = self._manifest = parsed
        self.engine = parsed.metadata.adapter_type
        if self.engine == "redshift":
            _keep_connections()

    @property
    def database(self) -> Path | None:
        """DuckDB's file; None on Redshift, in memory and where a service has it."""
        path = getattr(self._credentials(), "path", "")
        if self.engine != "duckdb" or not path or ":" in path:
            return None
        return Path(path).absolute()

    @property
    def place(self) -> str:
        """Which warehouse this is, for a person."""
        if self.engine == "duckdb":
            return str(self.database or self._credentials().path)
        found = self._credentials()
        return f"{found.host}:{found.port}/{found.database}, schema {found.schema}"

    def require_folder(self) -> None:
        """Raise Refused unless a DuckDB file is there, or can be made where it is."""
        path = self.database
        if path is None:
            return
        if not path.parent.is_dir():
            raise Refused(
                f"{path.parent}: there is no such folder; make it, or set"
                " SPARKIFY_DUCKDB to a file in another one"
            )
        if path.is_dir():
            raise Refused(f"{path} is a folder; set SPARKIFY_DUCKDB to a file in it")
        if not os.access(path if path.exists() else path.parent, os.W_OK):
            raise Refused(
                f"{path}: no permission to write; if another user, such as root, made"
                f" it: `sudo chown $USER {path}`"
            )

    def require_file(self) -> None:
        """Raise Refused where there is nothing to look at; nothing is made then."""
        path = self.database
        if path is not None and not path.exists():
            raise Refused(
                f"{path}: there is no warehouse; check SPARKIFY_DUCKDB, or make one"
                " with `warehouse.py run`"
            )
        self.require_folder()

    def has_ledger(self) -> bool:
        """Whether a load or a build has made the load's tables here."""
        ledger = "load_relation(source('sparkify', 'loaded_files'))"
        row = self.query(f"select {{{{ 1 if execute and {ledger} else 0 }}}} as found")
        return bool(row[0]["found"])

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
        options += ["--vars", json.dumps({"tested_load": tested})]
        options += ["--full-refresh"] if full_refresh else []
        self._on_event = _say_what_was_built
        try:
            with explained(
                lambda: "the load is complete, the marts are not; run again"
            ):
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
                f" see {self.log_file}, fix the cause and run again"
            )
        tests = sum(outcome.status == "pass" for outcome in outcomes)
        say(f"{tests} tests passed")
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
        words = f"{result.exception} {self._failure}"
        if was_interrupted(result.exception) or (
            INTERRUPTED in words and not result.success
        ):
            raise KeyboardInterrupt
        if check and not result.success:
            raise self._error(result)
        return result

    def _see(self, event: Any) -> None:
        if event.info.name in ("RunningOperationCaughtError", "MainEncounteredError"):
            self._failure = event.data.exc
        elif event.info.level == "error" and not self._failure:
            self._failure = event.info.msg
        elif event.info.name == "JinjaLogWarning":
            warn(one_line(event.data.msg))
        elif self._on_event:
            self._on_event(event)

    def _error(self, result: "dbtRunnerResult") -> WarehouseError:
        if isinstance(result.exception, OSError):
            return plain_os_error(result.exception, "dbt's folder target")
        text = str(result.exception or self._failure or "")
        return plain_dbt_error(text or f"dbt failed; see {self.log_file}", self.engine)

    def _credentials(self) -> Any:
        """The target's, as dbt read them. They hold a password: do not print them."""
        from dbt.config.runtime import load_profile

        # Not the adapter's: that is the latest invocation's, maybe for another target.
        return load_profile(str(PROJECT), {}, None, self.target).credentials


def _say_what_was_built(event: Any) -> None:
    if event.info.name in ("LogModelResult", "LogSeedResult"):
        seconds = event.data.execution_time
        say(f"built {event.data.node_info.node_name} ({seconds:.1f} s)")


def _keep_connections() -> None:
    """On Redshift, let each of dbt's threads keep its connection until a command ends.

    dbt-redshift connects again for every model and test: credentials, TLS, four round
    trips. dbt itself can reuse connections, and dbt-snowflake does so with this very
    method. What a step left open is rolled back; after an error dbt connects again.
    """
    from dbt.adapters.redshift.connections import RedshiftConnectionManager

    def release(manager: Any) -> None:
        connection = manager.get_if_exists()
        if connection is None or connection.state != "open":
            return
        if sys.exc_info()[0] is None:
            manager.rollback_if_open()
        else:
            manager.close(connection)

    managers: Any = RedshiftConnectionManager
    managers.release = release
