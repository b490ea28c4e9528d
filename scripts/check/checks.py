"""The lines of `check`: each does one thing and says what it saw, or fails."""

import functools
import gzip
import itertools
import json
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from pathlib import Path
from typing import Any

from common.aws import Clients
from common.errors import WarehouseError
from common.settings import Data
from dbt_project.runner import Dbt
from load import redshift
from load.files import Listed
from load.loading import Loaded

from check.check_run import CheckFailed, CheckRun, event, lines, song

Line = Callable[[CheckRun], str]

FIRST = "first/1.json"
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
NO_ROLE = "arn:aws:iam::123456789012:role/sparkify-check-no-such-role"


def views_tell_of_each_copy(run: CheckRun) -> str:
    run.put(FIRST, lines(event(1, 0), event(1, 1, level="paid")))
    run.put("songs/1.json", lines(song("SO1")))
    run.load("first")
    history = run.dbt.query(
        "select query_id, trim(data_source) as data_source from sys_load_history"
        f" where data_source like '{run.root}%'"
    )
    ids = {
        str(row["query_id"])
        for row in history
        if row["data_source"].endswith(
            ("events.plain.manifest", "songs.plain.manifest")
        )
    }
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
    run.dbt.command("run")
    found = run.fingerprints()
    if different := [
        name for name in FINGERPRINTS if found.get(name) != FINGERPRINTS[name]
    ]:
        raise CheckFailed(f"other rows than DuckDB's in {', '.join(different)}")
    return f"{len(FINGERPRINTS)} fingerprints equal DuckDB's"


def docs_and_freshness(run: CheckRun) -> str:
    run.dbt.command("source", "freshness")
    run.dbt.command("docs", "generate")
    return "`dbt source freshness` and `dbt docs generate` ended without an error"


def lines_are_counted(run: CheckRun) -> str:
    first, second = (json.dumps(event(2, item)).encode() for item in (0, 1))
    run.put("lines/blank.json", first + b"\n\n \n" + second + b"\n\n")
    run.put("lines/cut.json", lines(event(2, 2)) + json.dumps(event(2, 3)).encode())
    run.put("lines/crlf.json", lines(event(2, 4), event(2, 5)).replace(b"\n", b"\r\n"))
    return _loads(run, "lines", 6)


def odd_names(run: CheckRun) -> str:
    run.put("names/two words.json", lines(event(3, 0)))
    run.put("names/café.json", lines(event(3, 1)))
    run.put(f"names/{'long-' * 60}.json", lines(event(3, 2)))
    return _loads(run, "names", 3)


def packed_and_empty(run: CheckRun) -> str:
    run.put("packed/1.json.gz", gzip.compress(lines(event(4, 0))))
    run.put("packed/2.json", b"")
    run.put("packed/3.json", b"\n \n")
    return _loads(run, "packed", 1)


def songs_over_several_lines(run: CheckRun) -> str:
    run.put("pretty/1.json", lines(event(5, 0)))
    document = json.dumps(song("SO2", title="Otra"), indent=2).encode()
    run.put("songs/2.json", document + b"\n" + document.replace(b"SO2", b"SO3"))
    run.load("pretty")
    if (found := run.rows("songs").get("2.json")) != 2:
        raise CheckFailed(f"{found} rows of a file with 2 songs")
    return "2 songs over 24 lines are 2 rows"


def bad_lines(run: CheckRun) -> str:
    bad = run.put("bad/1.json", lines(event(6, 0)) + b"{oops\n" + lines(event(6, 1)))
    try:
        run.load("bad")
    except WarehouseError as error:
        if not str(error).startswith(f"{bad}, line 2: "):
            raise CheckFailed(f"not named: {error}") from None
        said = str(error).removeprefix(f"{bad}, ").split(";")[0]
    else:
        raise CheckFailed("COPY took a bad line")
    if run.load("bad", max_errors=1) != Loaded(1, 2, 1):
        raise CheckFailed("--max-errors 1 did not set one line aside")
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


def more_than_4_mb(run: CheckRun) -> str:
    large = lines(event(9, 0, extra="x" * (4 << 20)))
    run.put("large/1.json", large + lines(event(9, 1)))
    loaded = run.load("large", max_errors=1)
    if (loaded.rows, loaded.rejected) != (1, 1):
        raise CheckFailed(f"{loaded.rows} rows loaded, {loaded.rejected} refused")
    return "refused as one bad line"


def two_loads_at_once(run: CheckRun) -> str:
    path = run.put("both/1.json", lines(event(10, 0)))
    with tempfile.TemporaryDirectory() as folder:
        config = Path(folder) / "warehouse.toml"
        data = run.settings("both")
        written = [f"{name} = {json.dumps(one)}" for name, one in asdict(data).items()]
        config.write_text("\n".join(["[data]", *written]), encoding="utf-8")
        words = ["scripts/warehouse.py", "load", "--config", str(config)]
        stopped = []
        # It has read the ledger then: from there on both load the same file.
        with _beside(run, words, "to read") as (other, there):
            try:
                run.load("both")
            except WarehouseError as error:
                stopped.append(str(error))
    if other.returncode:
        stopped.append("".join(there[-1:]).strip())
    if len(stopped) > 1 or not all("run again" in text for text in stopped):
        raise CheckFailed(f"exit code {other.returncode}: {'; '.join(stopped)}")
    found = run.dbt.query(
        "select (select count(*) from {{ source('sparkify', 'staging_events') }}"
        " where session_id = 10) as rows,"
        " (select count(*) from {{ source('sparkify', 'loaded_files') }}"
        f" where path = '{path}') as deliveries"
    )[0]
    if (int(found["rows"]), int(found["deliveries"])) != (1, 1):
        raise CheckFailed(
            f"{found['rows']} rows and {found['deliveries']} deliveries instead of 1"
        )
    return "one published; " + (stopped[0] if stopped else "the other came too late")


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


def another_region(run: CheckRun) -> str:
    here = run.data.region
    other = "eu-central-1" if here != "eu-central-1" else "us-east-1"
    return copy_fails(run, "a bucket is in another region", region=other)


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


def copy_fails(run: CheckRun, words: str, path: str = FIRST, **changes: Any) -> str:
    """See that a COPY which must fail does, in words that a load understands."""
    data = run.settings("first")
    files = [Listed("events", f"{run.root}{path}", 1, etag="0" * 32)]
    try:
        with redshift.prepared(run.dbt, data, lambda: run.s3, files) as plan:
            run.dbt.operation("load_staging", plan=plan | changes)
    except WarehouseError as error:
        if words not in str(error):
            raise CheckFailed(f"COPY failed in other words: {error}") from None
        return f"Redshift says: {str(error).partition('(Redshift: ')[2].rstrip(')')}"
    raise CheckFailed("COPY took it")


LINES: dict[str, Line] = {
    "system views": views_tell_of_each_copy,
    "marts": marts_equal_duckdbs,
    "docs and freshness": docs_and_freshness,
    "blank and last lines": lines_are_counted,
    "odd file names": odd_names,
    "zipped and empty files": packed_and_empty,
    "songs over several lines": songs_over_several_lines,
    "bad lines": bad_lines,
    "byte order mark": byte_order_mark,
    "a repeated key": repeated_key,
    "more than 4 MB": more_than_4_mb,
    "two loads at once": two_loads_at_once,
    "two builds at once": two_builds_at_once,
    "a role that is not attached": functools.partial(
        copy_fails, words="the cluster cannot use the role", role=NO_ROLE
    ),
    "another region": another_region,
    "a missing object": functools.partial(
        copy_fails, words="is gone since it was listed", path="first/gone.json"
    ),
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


def _loads(run: CheckRun, folder: str, rows: int) -> str:
    """Load a folder, and see that each file's rows add up."""
    loaded = run.load(folder)
    if (loaded.rows, loaded.rejected) != (rows, 0):
        raise CheckFailed(f"{loaded.rows} rows instead of {rows}")
    found = run.rows(folder)
    return ", ".join(f"{name[:20]}: {count}" for name, count in sorted(found.items()))


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
