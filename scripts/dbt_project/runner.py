"""dbt in this process: one start, one parse, and its errors in one line."""

import json
import logging
import os
import re
import tempfile
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from common.errors import Refused, WarehouseError
from common.messages import Advance, progress, say, warn
from common.settings import PROJECT
from common.signals import explained, plain_os_error, was_interrupted

from dbt_project.errors import one_line, plain_dbt_error
from dbt_project.insides import keep_connections
from dbt_project.profile import profile_path
from dbt_project.tested import Rows, code_hash, content_hash, recorded

if TYPE_CHECKING:
    from dbt.cli.main import dbtRunnerResult

SLEEP = "sleep 1"  # what a macro logs to pause for a second
NOT_BUILT = re.compile(
    r"(?:table with name|relation) \W?([\w.]+)\W? does not exist", re.IGNORECASE
)
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
        (PROJECT / "data").mkdir(exist_ok=True)
        parsed: Any = self._invoke("parse", "--no-write-json").result
        self._runner.manifest = self._manifest = parsed
        self.engine = parsed.metadata.adapter_type
        if self.engine == "redshift":
            keep_connections()

    @property
    def database(self) -> Path | None:
        """DuckDB's file; None on Redshift, in memory and where a service has it."""
        path = getattr(self.profile.credentials, "path", "")
        if self.engine != "duckdb" or not path or ":" in path:
            return None
        return Path(path).absolute()

    @property
    def place(self) -> str:
        """Which warehouse this is, for a person."""
        if self.engine == "duckdb":
            return str(self.database or self.profile.credentials.path)
        found = self.profile.credentials
        return f"{found.host}:{found.port}/{found.database}, schema {found.schema}"

    def require_folder(self) -> None:
        """Raise Refused unless a DuckDB file is there, or can be made where it is."""
        path = self.database
        if path is None:
            return
        if path.stem in ("main", "system", "temp"):  # dbt asks for a database so named
            raise Refused(
                f"{path}: DuckDB has another use for the name {path.stem}; set"
                " SPARKIFY_DUCKDB to a file with another name"
            )
        writable = os.access(path if path.exists() else path.parent, os.W_OK)
        if path.is_dir() or not writable:
            raise Refused(
                f"{path}: no file can be written there; check its folder and owner, or"
                " set SPARKIFY_DUCKDB to another file"
            )

    @contextmanager
    def read_only(self) -> Iterator[None]:
        """Open DuckDB's file to read it, as any number of processes can at once.

        Raises Refused where there is no file, or what is read is not built; nothing is
        made then.
        """
        path = self.database
        if path and not path.is_file():
            raise Refused(
                f"{path}: there is no warehouse; check SPARKIFY_DUCKDB, or make one"
                " with `warehouse.py run`"
            )
        # DuckDB's own choice is one folder for all processes that read a file: two that
        # run out of memory at once overwrite each other's pages, and crash.
        with tempfile.TemporaryDirectory(prefix="sparkify-") as folder:
            opened = {"SPARKIFY_ACCESS_MODE": "read_only", "SPARKIFY_TEMP": folder}
            opened = opened if path else {}
            os.environ |= opened
            try:
                yield
            except WarehouseError as error:
                if missing := NOT_BUILT.search(error.message):
                    raise Refused(
                        f"{self.place} has no {missing[1]} yet; build it with"
                        " `warehouse.py run`"
                    ) from None
                raise
            finally:
                for name in opened:
                    del os.environ[name]

    def operation(
        self,
        macro: str,
        answer: Callable[[str], None] | None = None,
        **arguments: object,
    ) -> None:
        """Run a macro; raises WarehouseError with the macro's own message.

        The macro waits while `answer` is called with a text that it logs. What `answer`
        raises ends the macro, and is raised here.
        """
        raised: list[Exception] = []

        def on_event(event: Any) -> None:
            if answer and event.info.name == "JinjaLogDebug":
                try:
                    answer(event.data.msg)
                except Exception as error:
                    raised.append(error)
                    raise

        words = ("run-operation", macro, "--args", json.dumps(arguments))
        try:
            self._invoke(*words, on_event=on_event)
        except WarehouseError:
            if raised:
                raise raised[0] from None
            raise

    def command(self, *words: str) -> None:
        """A dbt command as its users type it; raises WarehouseError."""
        self._invoke(*words)

    def query(self, sql: str) -> Rows:
        """The rows of a query in which macros, ref and source may stand."""
        (rows,) = self._tables("--inline", sql).values()
        return rows

    def event_keys(self) -> list[str]:
        """The JSON keys of an event in the order of staging's columns."""
        staging = self._manifest.sources["source.sparkify.sparkify.staging_events"]
        return [
            column.meta.get("key", column.name)
            for column in staging.columns.values()
            if column.name != "_load_id"
        ]

    def analysis(self, name: str) -> Rows:
        """The rows of one of the project's analyses."""
        return self.analyses([name])[name]

    def analyses(self, names: Iterable[str], limit: int = -1) -> dict[str, Rows]:
        """The rows of analyses, at most `limit` of each; -1 for all."""
        paths = [f"path:analyses/{name}.sql" for name in names]
        # One after the other: together they would need more memory.
        return self._tables("--select", *paths, "--threads", "1", limit=limit)

    def counts(self) -> Rows:
        """What is there: the rows that a summary shows, and the last tested build."""
        return self.query("{{ warehouse_counts() }}")

    def is_tested(self, counts: Rows) -> bool:
        """Whether nothing that a build depends on changed since its tests passed."""
        return recorded(counts) == (self._code(), content_hash(counts))

    def require_tested(self, counts: Rows) -> None:
        """Raise Refused unless tests passed on what is there, whatever the code was."""
        if not counts or recorded(counts)[1] != content_hash(counts):
            raise Refused(
                f"{self.place} changed after its tests passed; run `warehouse.py run`"
            )

    def build(self, full_refresh: bool, counts: Rows) -> Rows:
        """`dbt build` without the unit tests, which look at code and not at data.

        Tests what is new in `counts` since all tests last passed, or all with
        `full_refresh` and where the code is another one. Whole tables are for `dbt
        test` to compare. Says on stderr what was built, and returns what is there then;
        raises WarehouseError naming what failed.
        """
        from dbt_common.invocation import get_invocation_id

        code = self._code()
        knows_tests = not full_refresh and recorded(counts)[0] == code
        tested = int(counts[0]["load_id"]) if knows_tests else 0
        # To write what no command of ours reads takes as long as ten tests.
        options = ["--no-write-json", "--exclude-resource-type", "unit_test"]
        options += ["--exclude", "test_name:equals_a_rebuild"]
        options += ["--vars", json.dumps({"tested_load": tested})]
        options += ["--full-refresh"] if full_refresh else []
        with (
            explained(lambda: "the load is complete, the marts are not; run again"),
            progress("building", 0) as advance,
        ):
            show = partial(_show_step, advance)
            result = self._invoke("build", *options, check=False, on_event=show)
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
        build = get_invocation_id()
        counts = self.counts()
        self.operation(
            "record_tested", build=build, code=code, content=content_hash(counts)
        )
        return counts

    def _tables(self, *what: str, limit: int = -1) -> dict[str, Rows]:
        """The answers of `dbt show` by the names of what was asked."""
        # Neither list every relation first, which is slow to ask of Redshift, nor
        # write the manifest once more.
        quick = ("--no-populate-cache", "--no-write-json", "--limit", str(limit))
        try:
            shown: Any = self._invoke("show", *what, *quick).result
        finally:
            # dbt forgets its name for an inline query only when the query succeeds.
            self._manifest.nodes.pop(INLINE, None)
        return {one.node.name: _rows(one.agate_table) for one in shown.results}

    def _invoke(
        self,
        *arguments: str,
        check: bool = True,
        on_event: Callable[[Any], None] | None = None,
    ) -> "dbtRunnerResult":
        self._failure, self._on_event = "", on_event
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
        elif event.info.name == "JinjaLogDebug" and event.data.msg == SLEEP:
            time.sleep(1)
        elif self._on_event:
            self._on_event(event)

    def _error(self, result: "dbtRunnerResult") -> WarehouseError:
        if isinstance(result.exception, OSError):
            return plain_os_error(result.exception)
        text = str(result.exception or self._failure)
        text = text or f"dbt failed; see {self.log_file}"
        return plain_dbt_error(text, self.engine)

    def _code(self) -> str:
        return code_hash(self._manifest, self.profile)

    @property
    def profile(self) -> Any:
        """The target as dbt reads it. It holds a password: do not print it."""
        from dbt.config.runtime import load_profile

        # Not the adapter's: that is the latest invocation's, maybe for another target.
        return load_profile(str(PROJECT), {}, None, self.target)


def _rows(table: Any) -> Rows:
    names = [name.lower() for name in table.column_names]
    return [dict(zip(names, row.values(), strict=True)) for row in table.rows]


def _show_step(advance: Advance, event: Any) -> None:
    """Show the step that a build begins, and name what it has built."""
    name, step = event.info.name, event.data
    if name == "LogStartLine":
        advance(0, step.node_info.node_name, step.total)
    elif name in ("LogModelResult", "LogSeedResult", "LogTestResult"):
        advance(1)
        if name != "LogTestResult":
            built = f"{step.node_info.node_name} ({step.execution_time:.1f} s)"
            say(f"built {built}, {step.index} of {step.total}")
