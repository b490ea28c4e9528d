"""The lines of `check`: each does one thing and says what it saw, or fails."""

import gzip
import itertools
import json
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from common.aws import Clients
from common.errors import WarehouseError
from common.settings import Data
from dbt_project.runner import Dbt
from load import redshift
from load.loading import Loaded

from check.check_run import CheckFailed, CheckRun, event, lines, song

Line = Callable[[CheckRun], str]

# What DuckDB makes of the files of the first line; a test compares. Marts that are not
# named are not checked.
FINGERPRINTS = {
    "artists": "63eabaa3172f329169a17b0e49aff8ba",
    "dates": "742e4a3fae5cf51680b62bf854595c07",
    "page_views": "b18ddd01ca4797420692aadb3400b6a3",
    "songplays": "ad31da58b645fe050bb9436c28f4b613",
    "songs": "ddd9ee567102c034706b7cb84d1cbc7b",
    "time": "0f49d71d2613d78844176f5c91dc7420",
    "user_levels": "6e02378ca65ded54c7fe0596e1ea3b62",
    "users": "8508e58555766c679c53776753a59bb2",
}


def views_tell_of_each_copy(run: CheckRun) -> str:
    run.put("first/1.json", lines(event(1, 0), event(1, 1, level="paid")))
    run.put("songs/1.json", lines(song("SO1")))
    run.load("first")
    history = run.dbt.query(
        "select query_id from sys_load_history"
        f" where trim(data_source) like '{run.root}%.plain.manifest'"
    )
    ids = {str(row["query_id"]) for row in history}
    if len(ids) != 2:
        raise CheckFailed(
            "sys_load_history does not name the manifests: a load takes COPY's own"
            " number instead"
        )
    details = run.dbt.query(
        f"select * from sys_load_detail where query_id in ({', '.join(sorted(ids))})"
    )
    named = "with" if details[0]["file_name"].startswith("s3://") else "without"
    etags = all(str(row.get("file_etag") or "").strip() for row in details)
    return (
        f"found by their manifests; file names {named} the bucket;"
        f" {'with' if etags else 'no'} ETags"
    )


def marts_equal_duckdbs(run: CheckRun) -> str:
    run.dbt.build(full_refresh=False, counts=run.dbt.counts())
    found = run.fingerprints()
    if different := [
        name for name in FINGERPRINTS if found.get(name) != FINGERPRINTS[name]
    ]:
        raise CheckFailed(f"other rows than DuckDB's in {', '.join(different)}")
    return f"{len(FINGERPRINTS)} fingerprints equal DuckDB's"


def files_of_every_shape(run: CheckRun) -> str:
    first, second = (json.dumps(event(2, item)).encode() for item in (0, 1))
    run.put("files/blank.json", first + b"\n\n \n" + second + b"\n\n")
    run.put("files/cut.json", lines(event(2, 2)) + json.dumps(event(2, 3)).encode())
    run.put("files/crlf.json", lines(event(2, 4), event(2, 5)).replace(b"\n", b"\r\n"))
    run.put("files/two words.json", lines(event(3, 0)))
    run.put("files/café.json", lines(event(3, 1)))
    run.put(f"files/{'long-' * 60}.json", lines(event(3, 2)))
    run.put("files/zipped.json.gz", gzip.compress(lines(event(4, 0))))
    run.put("files/empty.json", b"")
    run.put("files/empty lines.json", b"\n \n")
    document = json.dumps(song("SO2", title="Otra"), indent=2).encode()
    run.put("songs/2.json", document + b"\n" + document.replace(b"SO2", b"SO3"))
    # The load refuses a file whose rows do not add up.
    loaded = run.load("files")
    if loaded != Loaded(10, 12, 0):
        raise CheckFailed(f"{loaded.rows} rows of {loaded.files} files, not 12 of 10")
    return "12 rows of 10 files"


def bad_lines(run: CheckRun) -> str:
    large = lines(event(6, 2, extra="x" * (4 << 20)))
    bad = lines(event(6, 0)) + b"{oops\n" + lines(event(6, 1)) + large
    path = run.put("bad/1.json", bad)
    try:
        run.load("bad")
    except WarehouseError as error:
        if not str(error).startswith(f"{path}, line 2: "):
            raise CheckFailed(f"not named: {error}") from None
        said = str(error).removeprefix(f"{path}, ").split(";")[0]
    else:
        raise CheckFailed("COPY took a bad line")
    loaded = run.load("bad", max_errors=2)
    if loaded != Loaded(1, 2, 2):
        raise CheckFailed(f"{loaded.rows} rows loaded, {loaded.rejected} refused")
    return said


def byte_order_mark(run: CheckRun) -> str:
    run.put("bom/1.json", b"\xef\xbb\xbf" + lines(event(7, 0), event(7, 1)))
    loaded = run.load("bom", max_errors=2)
    if loaded.rows not in (1, 2):
        raise CheckFailed(f"{loaded.rows} rows instead of 1 or 2")
    return f"{loaded.rows} rows loaded, {loaded.rejected} refused"


def repeated_key(run: CheckRun) -> str:
    twice = lines(event(8, 0)).replace(b"}", b', "page": "Home"}')
    run.put("repeated/1.json", twice + lines(event(8, 1)))
    loaded = run.load("repeated", max_errors=1)
    found = run.dbt.query(
        "select page from {{ source('sparkify', 'staging_events') }}"
        " where session_id = 8 and item_in_session = 0"
    )
    # DuckDB refuses such a line; COPY need not.
    pages = ", ".join(row["page"] for row in found)
    if loaded.rejected + len(found) != 1:
        raise CheckFailed(f"a line with a repeated key gives {pages or 'nothing'}")
    return f"loaded as {pages}" if pages else "refused"


def two_builds_at_once(run: CheckRun) -> str:
    run.dbt.command("run")
    before = run.fingerprints()
    # With --empty a view has no rows either, and stays so.
    words = ["run", "--exclude", "config.materialized:view"]
    run.dbt.command(*words, "--full-refresh", "--empty")
    plain = ["-m", "dbt.cli.main", *words]
    plain += ["--profiles-dir", str(run.dbt.profile_path.parent)]
    with _beside(run, plain, " START ") as (other, there):
        run.dbt.command(*words)
    if other.returncode:
        raise CheckFailed(f"exit code {other.returncode}: {there[-1:]}")
    found = run.fingerprints()
    if different := [name for name in before if found[name] != before[name]]:
        raise CheckFailed(f"rows missing or doubled in {', '.join(different)}")
    return f"{len(found)} marts as after one build"


def nothing_is_left(run: CheckRun) -> str:
    run.clear()
    schema = run.dbt.profile.credentials.schema
    schemas = run.dbt.query(
        "select schema_name from information_schema.schemata"
        f" where schema_name like '{schema}%'"
    )
    if left := [row["schema_name"] for row in schemas] + run.left():
        raise CheckFailed(f"still there: {', '.join(left)}")
    return f"{run.root} and the schemas {schema}* are gone"


LINES: dict[str, Line] = {
    "system views": views_tell_of_each_copy,
    "marts": marts_equal_duckdbs,
    "odd files": files_of_every_shape,
    "bad lines": bad_lines,
    "byte order mark": byte_order_mark,
    "a repeated key": repeated_key,
    "two builds at once": two_builds_at_once,
    "nothing is left": nothing_is_left,
}


def outcome(name: str, run: CheckRun) -> tuple[bool, str]:
    """Whether a line passes, and what it saw."""
    try:
        return True, LINES[name](run)
    except (CheckFailed, WarehouseError) as error:
        return False, str(error)


def checked(dbt: Dbt, data: Data) -> Iterator[tuple[str, bool, str]]:
    """Every line with its outcome. `dbt` must have a schema of its own.

    Raises Refused for settings that cannot work. An interrupt leaves nothing, too.
    """
    redshift.check(dbt, replace(data, events=data.manifests, songs=data.manifests))
    schema = dbt.profile.credentials.schema
    root = f"{data.manifests.rstrip('/')}/{schema}/"
    run = CheckRun(dbt, data, root, Clients(data.region).s3)
    for name in LINES:
        try:
            passed, seen = outcome(name, run)
        except KeyboardInterrupt:
            run.clear()
            raise
        yield name, passed, seen


@contextmanager
def _beside(
    run: CheckRun, words: list[str], begun: str
) -> Iterator[tuple[subprocess.Popen[str], list[str]]]:
    """A Python process of this target beside the block, which starts when it prints
    `begun`; afterwards the list holds its last lines.
    """
    target = ["--target", run.dbt.target] if run.dbt.target else []
    out: Any = {"stdout": subprocess.PIPE, "stderr": subprocess.STDOUT}
    with subprocess.Popen([sys.executable, *words, *target], text=True, **out) as other:
        lines = other.stdout or []
        there = [*itertools.takewhile(lambda line: begun not in line, lines)]
        yield other, there
        there += lines
