"""The stand-in's COPY is as strict as Redshift documents, and keeps the same record.

The tests of the load into Redshift show more: manifests, roles, regions, views that are
wrong or late, rollbacks.
"""

import gzip
import json
from collections.abc import Callable
from typing import Any

import pytest
from redshift_connector.error import ProgrammingError
from standin.fixtures import Run
from standin.stack import StandIn

BUCKET = "s3://standin-test"
EVENT = {
    "userId": "39", "ts": 1541105830796, "length": 269.58322, "page": "Home",
    "ok": True, "n": 1.259, "nested": {"a": [1, None, "é"]}, "unknown": 1,
}  # fmt: skip
TABLE = (
    "create table e (userid varchar(10), ts bigint, length double precision, "
    "page varchar(20), ok boolean, n decimal(5, 2), nested varchar(50), "
    "at timestamp)"
)
ALL = "select userid, ts, length, page, ok, n::varchar(9), nested from e"
ROW = ["39", 1541105830796, 269.58322, "Home", True, "1.25", '{"a":[1,null,"é"]}']
PRETTY = json.dumps(EVENT, indent=2)
OBJECTS: dict[str, str | bytes] = {
    "one": PRETTY,
    "three": f"{PRETTY}{PRETTY}\r\n\n  {json.dumps(EVENT)}",
    "blank": '{"page": "", "ts": "", "userid": " "}',
    "time": '{"at": 1541105830796}',
    "zipped": gzip.compress(b'{"ts": 1}'),
    "twice": json.dumps({"entries": [{"url": f"{BUCKET}/three"}] * 2}),
    "paths": json.dumps({"jsonpaths": ["$.page", "$['nested']['a'][2]"]}),
}
# An object with the options, a query and its rows: each on an empty table.
COPIES: list[tuple[str, str, list[list[Any]]]] = [
    ("one json 'auto'", ALL, [[None, *ROW[1:]]]),
    ("three json 'auto ignorecase'", ALL, [ROW] * 3),
    ("twice json 'auto' manifest", "select pg_last_copy_count()", [[6]]),
    (
        f"one json '{BUCKET}/paths'",
        "select userid, page, ts from e",
        [["é", "Home", None]],
    ),
    ("blank json 'auto'", "select page, ts, userid from e", [["", None, " "]]),
    (
        "time json 'auto' timeformat 'epochmillisecs'",
        "select at::varchar(30) from e",
        [["2018-11-01 20:57:10.796"]],
    ),
    ("zipped json 'auto' gzip", "select ts from e", [[1]]),
]
# The same, and a part of the message.
FAILURES = [
    (f"three json '{BUCKET}/paths'", "Number of jsonpaths and the number of columns"),
    ("zipped json 'auto'", "Load into table 'e' failed.  Check 'sys_load_error_detail"),
    ("time json 'auto'", "Load into table 'e' failed."),
    ("one json 'auto' gzip", "gzip"),
    ("none json 'auto'", "The specified S3 prefix 'none' does not"),
]
BAD: list[tuple[str | bytes, int, str]] = [
    ('{"ts": 1},{"ts": 2}', 1216, "Expected a JSON object"),
    ('{"ts": 1', 1216, "Invalid JSON object"),
    ('[{"ts": 1}]', 1216, "An array needs a JSONPaths file"),
    ('\ufeff{"ts": 1}', 1216, "Expected a JSON object"),
    ('{"ts": 1.5}', 1207, "Invalid digit, Value '.', Pos 1, Type: Long"),
    ('{"ts": {}}', 1207, "Invalid digit, Value '{', Pos 0, Type: Long"),
    ('{"ts": 9223372036854775808}', 1204, "Overflow for the column's type"),
    ('{"length": "long"}', 1208, "Invalid value for a floating point column"),
    ('{"ok": "perhaps"}', 1210, "Invalid value for a boolean column"),
    ('{"n": 1000}', 1209, "Overflow for the column's type"),
    ('{"page": "éééééééééée"}', 1204, "String length exceeds DDL length"),
    ('{"page": "\\u0000"}', 1214, "Invalid null byte - field longer than 1 byte"),
    ('{"page": "\\ud800"}', 1220, "String contains invalid or unsupported UTF8"),
    (b'{"page": "\xff"}', 1220, "String contains invalid or unsupported UTF8"),
    ('{"page": "%s"}' % ("x" * (4 << 20)), 1216, "JSON object is larger than 4 MB"),
]
Put = Callable[[str, str | bytes], object]


@pytest.fixture
def put(run: Run, redshift: StandIn) -> Put:
    """A table, and a bucket in the cluster's region to put objects into."""
    s3 = redshift.client("s3")
    name = BUCKET.removeprefix("s3://")
    location = {"LocationConstraint": redshift.region}
    s3.create_bucket(Bucket=name, CreateBucketConfiguration=location)
    run(TABLE)

    def put_object(key: str, body: str | bytes) -> None:
        data = body.encode() if isinstance(body, str) else body
        s3.put_object(Bucket=name, Key=key, Body=data)

    for key, body in OBJECTS.items():
        put_object(key, body)
    return put_object


def copy(words: str) -> str:
    """The statement for an object with options, with columns where it has paths."""
    key, options = words.split(" ", 1)
    columns = " (page, userid)" if words == f"one json '{BUCKET}/paths'" else ""
    return f"copy e{columns} from '{BUCKET}/{key}' iam_role default {options}"


def failure(run: Run, sql: str) -> str:
    with pytest.raises(ProgrammingError) as error:
        run(sql)
    return str(error.value.args[0]["M"])


@pytest.mark.usefixtures("put")
def test_objects_become_rows_or_the_load_fails(run: Run) -> None:
    for words, query, wanted in COPIES:
        run(copy(words))
        assert run(query) == wanted, words
        run("delete from e")
    for words, message in FAILURES:
        assert message in failure(run, copy(words)), words


def test_a_bad_object_is_told_and_fails_the_load(run: Run, put: Put) -> None:
    for number, (body, code, text) in enumerate(BAD):
        data = body.encode() if isinstance(body, str) else body
        put(f"bad{number}", b'{"ts": 0}\n' + data)
        run("begin")
        assert failure(run, copy(f"bad{number} json 'auto'")) == (
            "Load into table 'e' failed.  Check 'sys_load_error_detail' system table "
            "for details."
        )
        run("rollback")
        (found,) = run(
            "select line_number, error_code, error_message from sys_load_error_detail"
            f" where file_name = '{BUCKET}/bad{number}'"
        )
        assert (found[:2], found[2][: len(text)]) == ([2, code], text)
    assert run("select * from e") == []
    codes = [[code, True] for _, code, _ in BAD]
    assert run("select err_code, raw_line <> '' from stl_load_errors") == codes
    query = "select distinct status, loaded_rows from sys_load_history"
    assert run(query) == [["failed", 0]]


def test_maxerror_lets_a_load_go_on(run: Run, put: Put) -> None:
    # An empty text is a missing value where a number belongs.
    put("missing", '{"page": "x"}\n{"ts": "", "n": 2}\n{"ts": "x"}\n{"ts": 4}')
    run("create table t (ts bigint not null, n int)")
    sql = copy("missing json 'auto' maxerror").replace("copy e", "copy t")
    failure(run, f"{sql} 3")
    run("begin")
    run(f"{sql} 4")
    own = "where query_id = pg_last_copy_id() order by 1"
    assert run(
        f"select line_number, error_code, column_name from sys_load_error_detail {own}"
    ) == [[1, 1213, "ts"], [2, 1213, "ts"], [3, 1207, "ts"]]
    run("commit")
    assert run("select ts, n from t") == [[4, None]]
