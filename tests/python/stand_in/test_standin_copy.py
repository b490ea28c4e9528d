"""The stand-in's COPY is as strict as Redshift documents, and keeps the same record."""

import gzip
import json
import time
from typing import Any

import pytest
from redshift_connector.error import ProgrammingError
from standin.fixtures import Run
from standin.stack import StandIn

BUCKET = "standin-test"
FORM = "iam_role default format as json"


class S3:
    """A bucket in the cluster's region."""

    def __init__(self, redshift: StandIn) -> None:
        self.redshift = redshift
        self.client = redshift.client("s3")
        self.make(BUCKET, redshift.region)

    def make(self, bucket: str, region: str) -> None:
        location = {"LocationConstraint": region}
        self.redshift.client("s3", region).create_bucket(
            Bucket=bucket, CreateBucketConfiguration=location
        )

    def put(self, key: str, body: str | bytes, bucket: str = BUCKET) -> str:
        data = body.encode() if isinstance(body, str) else body
        self.client.put_object(Bucket=bucket, Key=key, Body=data)
        return f"s3://{bucket}/{key}"

    def manifest(self, *urls: str, mandatory: bool = True) -> str:
        entries = [{"url": url, "mandatory": mandatory} for url in urls]
        return self.put("manifest", json.dumps({"entries": entries}))


@pytest.fixture
def s3(redshift: StandIn) -> S3:
    return S3(redshift)


def failure(run: Run, sql: str) -> str:
    with pytest.raises(ProgrammingError) as error:
        run(sql)
    return str(error.value.args[0]["M"])


EVENT = {
    "userId": "39", "ts": 1541105830796, "length": 269.58322, "page": "Home",
    "ok": True, "n": 1.259, "nested": {"a": [1, None, "é"]}, "unknown": 1,
}  # fmt: skip
TABLE = (
    "create table e (userid varchar(10), ts bigint, length double precision, "
    "page varchar(20), ok boolean, n decimal(5, 2), nested varchar(50))"
)
ROW = ["39", 1541105830796, 269.58322, "Home", True, "1.25", '{"a":[1,null,"é"]}']


def rows(run: Run) -> list[Any]:
    return run("select userid, ts, length, page, ok, n::varchar(9), nested from e")


def test_auto_matches_only_small_letters(run: Run, s3: S3) -> None:
    url = s3.put("e.json", json.dumps(EVENT))
    run(TABLE)
    run(f"copy e from '{url}' {FORM} 'auto'")
    assert rows(run) == [[None, *ROW[1:]]]


def test_auto_ignorecase_matches_all(run: Run, s3: S3) -> None:
    url = s3.put("e.json", json.dumps(EVENT))
    run(TABLE)
    run(f"copy e from '{url}' {FORM} 'auto ignorecase'")
    assert rows(run) == [ROW]


def test_jsonpaths_fill_the_listed_columns_in_order(run: Run, s3: S3) -> None:
    url = s3.put("e.json", json.dumps(EVENT))
    paths = s3.put("p", json.dumps({"jsonpaths": ["$.page", "$['nested']['a'][2]"]}))
    run(TABLE)
    run(f"copy e (page, userid) from '{url}' {FORM} '{paths}'")
    assert run("select userid, page, ts from e") == [["é", "Home", None]]
    text = failure(run, f"copy e from '{url}' {FORM} '{paths}'")
    assert text.startswith("Number of jsonpaths and the number of columns should match")


def test_objects_are_separated_by_white_space_alone(run: Run, s3: S3) -> None:
    pretty = json.dumps(EVENT, indent=2)
    url = s3.put("e.json", f"{pretty}{pretty}\r\n\n  {json.dumps(EVENT)}")
    run(TABLE)
    run(f"copy e from '{url}' {FORM} 'auto ignorecase'")
    assert rows(run) == [ROW] * 3
    assert run("select pg_last_copy_count()") == [[3]]


BAD = [
    ('{"ts": 1},{"ts": 2}', 1216, "Expected a JSON object"),
    ('{"ts": 1', 1216, "Invalid JSON object"),
    ('[{"ts": 1}]', 1216, "An array needs a JSONPaths file"),
    ('\ufeff{"ts": 1}', 1216, "Expected a JSON object"),
    ('{"ts": 1.5}', 1207, "Invalid digit, Value '.', Pos 1, Type: Long"),
    ('{"ts": "x"}', 1207, "Invalid digit, Value 'x', Pos 0, Type: Long"),
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


def test_a_bad_object_fails_the_load_and_is_told(run: Run, s3: S3) -> None:
    run(TABLE)
    for number, (body, code, text) in enumerate(BAD):
        data = body.encode() if isinstance(body, str) else body
        url = s3.put(f"{number}.json", b'{"ts": 0}\n' + data)
        run("begin")
        assert failure(run, f"copy e from '{url}' {FORM} 'auto'") == (
            "Load into table 'e' failed.  Check 'sys_load_error_detail' system table "
            "for details."
        )
        run("rollback")
        (found,) = run(
            "select line_number, error_code, error_message "
            f"from sys_load_error_detail where file_name = '{url}'"
        )
        assert (found[:2], found[2][: len(text)]) == ([2, code], text)
    assert run("select * from e") == []
    codes = [[code, True] for _, code, _ in BAD]
    assert run("select err_code, raw_line <> '' from stl_load_errors") == codes
    query = "select distinct status, loaded_rows from sys_load_history"
    assert run(query) == [["failed", 0]]


def test_maxerror_lets_a_load_go_on(run: Run, s3: S3) -> None:
    url = s3.put("e.json", '{"ts": 1}\n{"ts": "x"}\n{"ts": {}}\n{"ts": 4}')
    run(TABLE)
    failure(run, f"copy e from '{url}' {FORM} 'auto' maxerror 2")
    run("begin")
    run(f"copy e from '{url}' {FORM} 'auto' maxerror 3")
    query = "select line_number, colname, raw_field_value from stl_load_errors"
    own = f"{query} where query = pg_last_copy_id() order by 1"
    assert run(own) == [[2, "ts", "x"], [3, "ts", "{}"]]
    run("commit")
    assert run("select ts from e order by ts") == [[1], [4]]


def test_empty_text_stays_text_and_is_null_elsewhere(run: Run, s3: S3) -> None:
    url = s3.put("e.json", '{"page": "", "ts": "", "userid": " "}')
    run(TABLE)
    run(f"copy e from '{url}' {FORM} 'auto'")
    run(f"copy e from '{url}' {FORM} 'auto' emptyasnull blanksasnull")
    assert run("select page, ts, userid from e order by page") == [
        ["", None, " "],
        [None, None, None],
    ]


def test_a_missing_value_in_a_not_null_column_is_an_error(run: Run, s3: S3) -> None:
    # An empty text is a missing value where a number belongs.
    url = s3.put("e.json", '{"b": 1}{"a": "", "b": 2}{"a": 3}')
    run("create table t (a bigint not null, b int)")
    failure(run, f"copy t from '{url}' {FORM} 'auto' maxerror 2")
    run(f"copy t from '{url}' {FORM} 'auto' maxerror 3")
    assert run("select a, b from t") == [[3, None]]
    query = "select error_code, column_name from sys_load_error_detail"
    assert run(f"{query} where query_id = pg_last_copy_id()") == [[1213, "a"]] * 2


def test_timeformat_reads_epochs(run: Run, s3: S3) -> None:
    url = s3.put("e.json", '{"t": 1541105830796}')
    run("create table t (t timestamp)")
    run(f"copy t from '{url}' {FORM} 'auto' timeformat 'epochmillisecs'")
    assert run("select t::varchar(30) from t") == [["2018-11-01 20:57:10.796"]]
    failure(run, f"copy t from '{url}' {FORM} 'auto'")


def test_truncatecolumns_cuts_between_letters(run: Run, s3: S3) -> None:
    url = s3.put("e.json", '{"s": "éé"}')
    run("create table t (s varchar(3))")
    run(f"copy t from '{url}' {FORM} 'auto' truncatecolumns")
    assert run("select s from t") == [["é"]]


def test_gzip_is_said_not_guessed(run: Run, s3: S3) -> None:
    packed = s3.put("e.json", gzip.compress(b'{"ts": 1}'))
    plain = s3.put("p.json.gz", '{"ts": 1}')
    run(TABLE)
    run(f"copy e from '{packed}' {FORM} 'auto' gzip")
    assert "gzip" in failure(run, f"copy e from '{plain}' {FORM} 'auto' gzip")
    failure(run, f"copy e from '{packed}' {FORM} 'auto'")


def test_views_can_be_wrong_or_late_and_copys_own_count_never_is(
    run: Run, s3: S3, redshift: StandIn
) -> None:
    url = s3.put("a/file-with-a-name.json", '{"ts": 1} {"ts": 2}')
    run(TABLE)
    look = (
        "select query_id - pg_last_copy_id(), trim(file_name), lines_scanned,"
        " trim(file_etag) <> '' from sys_load_detail order by record_time desc limit 1"
    )

    def seen(*names: str, late: float = 0) -> list[Any]:
        redshift.faults.views(*names, late=late)
        run(f"copy e from '{url}' {FORM} 'auto'")
        assert run("select pg_last_copy_count()") == [[2]]
        return run(look)

    assert seen("views empty") == []
    assert seen(late=0.2) == []
    until = time.monotonic() + 10
    while run(look) != [[0, url, 2, True]]:
        assert time.monotonic() < until
    assert seen("ids shifted") == [[1, url, 2, True]]
    changed = ("names without bucket", "a line too many", "no etags")
    assert seen(*changed) == [[0, url.split("/", 3)[-1], 3, False]]
    assert seen("names cut", "other etags")[0][1] == url[:20]


def test_a_manifest_names_the_files(run: Run, s3: S3) -> None:
    one, two = s3.put("1", '{"ts": 1}'), s3.put("2", '{"ts": 2} {"ts": 3}')
    run(TABLE)
    run(f"copy e from '{s3.manifest(one, two, two)}' {FORM} 'auto' manifest")
    assert run("select count(*) from e") == [[5]]
    assert run("select trim(file_name), lines_scanned from sys_load_detail") == [
        [one, 1],
        [two, 2],
        [two, 2],
    ]
    gone = f"s3://{BUCKET}/gone"
    manifest = s3.manifest(one, gone)
    text = failure(run, f"copy e from '{manifest}' {FORM} 'auto' manifest")
    assert "NoSuchKey" in text
    manifest = s3.manifest(one, gone, mandatory=False)
    run(f"copy e from '{manifest}' {FORM} 'auto' manifest")
    assert run("select pg_last_copy_count()") == [[1]]


def test_what_s3_refuses_is_told_as_redshift_tells_it(run: Run, s3: S3) -> None:
    s3.put("e", '{"ts": 1}')
    s3.make("bucket-far-away", "eu-west-1")
    s3.put("e", '{"ts": 1}', "bucket-far-away")
    run(TABLE)
    for source, options, text in (
        (f"s3://{BUCKET}/none", "'auto'", "The specified S3 prefix 'none' does not"),
        (f"s3://{BUCKET}/none", "'auto' manifest", "Problem reading manifest file"),
        ("s3://nowhere-at-all/k", "'auto'", "S3ServiceException:The specified bucket"),
        (f"s3://{BUCKET}/e", f"'s3://{BUCKET}/p'", "Problem reading jsonpaths file"),
        ("s3://bucket-far-away/e", "'auto'", "Error PermanentRedirect"),
    ):
        assert text in failure(run, f"copy e from '{source}' {FORM} {options}")
    assert run("select pg_last_copy_id(), pg_last_copy_count()") == [[-1, 0]]


def test_a_cluster_that_may_not_read_is_told_so(
    run: Run, s3: S3, redshift: StandIn
) -> None:
    url = s3.put("e", '{"ts": 1}')
    run(TABLE)
    redshift.deny()
    text = failure(run, f"copy e from '{url}' {FORM} 'auto'")
    assert text.startswith("S3ServiceException:")
    assert ",Status 403,Error " in text


def test_region_reaches_another_region(run: Run, s3: S3) -> None:
    s3.make("bucket-far-away", "eu-west-1")
    url = s3.put("e", '{"ts": 1}', "bucket-far-away")
    run(TABLE)
    run(f"copy e from '{url}' {FORM} 'auto' region 'eu-west-1'")
    assert run("select count(*) from e") == [[1]]


def test_a_role_must_exist(run: Run, s3: S3, redshift: StandIn) -> None:
    url = s3.put("e", '{"ts": 1}')
    run(TABLE)
    role = "arn:aws:iam::123456789012:role/loader"
    copy = f"copy e from '{url}' iam_role '{role}' json 'auto'"
    assert "not authorized to assume IAM Role" in failure(run, copy)
    redshift.client("iam").create_role(RoleName="loader", AssumeRolePolicyDocument="{}")
    run(copy)
    assert run("select ts from e") == [[1]]


def test_a_copy_rolls_back_but_its_record_stays(run: Run, s3: S3) -> None:
    url = s3.put("e", '{"ts": 1}')
    run(TABLE)
    run("begin")
    run(f"copy e from '{url}' {FORM} 'auto'")
    assert run("select count(*) from e") == [[1]]
    run("rollback")
    assert run("select count(*) from e") == [[0]]
    assert run("select status from sys_load_history") == [["completed"]]


def test_a_copy_that_loses_its_client_commits_unless_in_a_transaction(
    run: Run, s3: S3, redshift: StandIn
) -> None:
    url = s3.put("e", '{"ts": 1}')
    run(TABLE)
    for begin, count in (("begin", "0"), ("select 1", "1")):
        cursor = redshift.connect().cursor()
        cursor.execute(f"set search_path to {redshift.schema}")
        cursor.execute(begin)
        redshift.faults.cut_after("^copy")
        with pytest.raises(Exception, match="BrokenPipe"):
            cursor.execute(f"copy e from '{url}' {FORM} 'auto'")
        assert redshift.query(f"select count(*) from {redshift.schema}.e") == [(count,)]


def test_twenty_thousand_rows_load_in_two_seconds(run: Run, s3: S3) -> None:
    event = json.dumps(EVENT) + "\n"
    urls = [s3.put(f"{n}", event * 2_000) for n in range(10)]
    run(TABLE)
    began = time.process_time()  # not the time of a busy machine
    manifest = s3.manifest(*urls)
    run(f"copy e from '{manifest}' {FORM} 'auto ignorecase' manifest")
    assert time.process_time() - began < 2
    assert run("select count(*) from e") == [[20_000]]
