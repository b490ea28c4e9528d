"""The stand-in answers Redshift's own driver as Redshift documents."""

import ast
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any

import pytest
from redshift_connector.error import InterfaceError, ProgrammingError
from standin import postgres, rules
from standin.fixtures import Run
from standin.rewrite import Keys
from standin.stack import StandIn


def message(error: pytest.ExceptionInfo[Any]) -> str:
    return str(error.value.args[0]["M"])


def test_distribution_and_sort_keys_are_remembered_through_a_rename(
    redshift: StandIn, run: Run
) -> None:
    run(
        "create table songplays__dbt_tmp (songplay_id varchar(32) encode raw, "
        "start_time timestamp) diststyle key distkey (songplay_id) "
        "compound sortkey (start_time, songplay_id) backup no"
    )
    run("alter table songplays__dbt_tmp rename to songplays")
    assert redshift.keys(f"{redshift.schema}.songplays") == Keys(
        "key", "songplay_id", "compound", ["start_time", "songplay_id"]
    )
    run("create table users diststyle all sortkey (id) as (select 1 as id)")
    assert redshift.keys(f"{redshift.schema}.users") == Keys(
        "all", None, "compound", ["id"]
    )
    run("create table songs (id int distkey sortkey primary key)")
    assert redshift.keys(f"{redshift.schema}.songs") == Keys(
        "key", "id", "compound", ["id"]
    )
    run("create table plain (id int)")
    assert redshift.keys(f"{redshift.schema}.plain") == Keys()
    found = run(
        'select "table", diststyle, sortkey1 from svv_table_info'
        f" where \"schema\" = '{redshift.schema}' order by 1"
    )
    assert found == [
        ["plain", "AUTO(ALL)", "AUTO(SORTKEY)"],
        ["songplays", "KEY(songplay_id)", "start_time"],
        ["songs", "KEY(id)", "id"],
        ["users", "ALL", "id"],
    ]


def test_text_is_measured_in_bytes(run: Run) -> None:
    run("create table t (three varchar(3), default_size varchar, plain text)")
    run("insert into t (three) values ('é'), ('abc   ')")
    assert run("select three from t order by 1") == [["abc"], ["é"]]
    with pytest.raises(ProgrammingError) as error:
        run("insert into t (three) values ('éé')")
    assert message(error) == "value too long for type character varying(3)"
    for column in ("default_size", "plain"):
        run(f"insert into t ({column}) values (repeat('x', 256))")
        with pytest.raises(ProgrammingError, match="too long"):
            run(f"insert into t ({column}) values (repeat('x', 257))")
    assert run("select 'abcdé'::varchar(5), 'é'::varchar(1)") == [["abcd", ""]]


def test_a_number_without_a_size_has_no_decimals(run: Run) -> None:
    run("create table t (n numeric, d decimal(5, 2))")
    run("insert into t values (269.58322, 1.25)")
    assert [[str(value) for value in row] for row in run("select * from t")] == [
        ["270", "1.25"]
    ]
    assert str(run("select 1.55::numeric")[0][0]) == "2"


def test_keys_are_not_enforced_but_a_primary_key_is_never_null(run: Run) -> None:
    run("create table u (id int unique)")
    run(
        "create table t (id int, u int references u (id), primary key (id), "
        "constraint one unique (u), foreign key (u) references u (id))"
    )
    run("insert into t values (1, 2), (1, 2)")
    with pytest.raises(
        ProgrammingError, match="Cannot insert a NULL value into column id"
    ):
        run("insert into t values (null, 2)")


def test_truncate_commits(run: Run) -> None:
    run("create table t (a int)")
    run("insert into t values (1)")
    run("begin")
    run("insert into t values (2)")
    run("truncate t")
    run("rollback")
    assert run("select count(*) from t") == [[0]]


def test_a_late_binding_view_outlives_its_table(run: Run, redshift: StandIn) -> None:
    schema = redshift.schema
    run(f"create table {schema}.t as (select 1 as a, 'x'::varchar(9) as b)")
    query = f"select a, b from {schema}.t"
    run(f"create view {schema}.v as ({query}) with no schema binding")
    run(f"drop table {schema}.t cascade")
    with pytest.raises(ProgrammingError, match="does not exist"):
        run(f"select * from {schema}.v")
    run(f"create table {schema}.t as (select 2 as a, 'y'::varchar(9) as b)")
    assert run(f"select * from {schema}.v") == [[2, "y"]]


DOCUMENTED: dict[str, object] = {
    "nvl(null, 2)": 2,
    "nvl2('x', 1, 2)": 1,
    "decode(null, 1, 'a', null, 'b', 'c')": "b",
    "len('abc ')": 4,
    "strtol('ff', 16)": 255,
    "sha2('a', 256)": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785"
    "afee48bb",
    "from_varbyte(from_hex('c3a9'), 'utf-8')": "é",
    "from_varbyte(to_varbyte('é', 'utf8'), 'hex')": "c3a9",
    "charindex('c', 'abc')": 3,
    "concat('a', null)": None,
    "regexp_replace('aXbXc', 'X', '-')": "a-b-c",
    "datediff(year, '2018-12-31'::date, '2019-01-01'::date)": 1,
    "datediff(hour, '2018-11-01 00:59'::timestamp, '2018-11-01 01:01')": 1,
    "datediff(day, '1969-12-31 23:00'::timestamp, '1970-01-01'::timestamp)": 1,
    "datediff(week, '2019-12-31'::date, '2019-12-27'::date)": -1,
    "datediff(week, '2009-01-01', '2009-12-31')": 52,
    "dateadd(d, -1, date_trunc('mon', date '2020-03-03'))::char(10)": "2020-02-29",
    r"'it\'s' || '\t' || '\\'": "it's\t\\",
    r"'a_b' like 'a\\_b' and not 'axb' like 'a\\_b'": True,
    "current_timestamp is not null": True,
    "dateadd(ms, 1541105830796, '1970-01-01')::char(23)": "2018-11-01 20:57:10.796",
    "dateadd(month, 1, date '2018-01-31')::varchar(30)": "2018-02-28 00:00:00",
    "extract(dow from date '2018-11-04')": 0,
    "date_part(week, date '2018-12-31')": 1,
    "convert_timezone('Asia/Tokyo', '2018-01-01')::char(19)": "2018-01-01 09:00:00",
    "last_day(date '2018-02-03')::varchar(10)": "2018-02-28",
    "json_extract_path_text('{\"a\": {\"b\": 1}}', 'a', 'b')": "1",
    "lower('É')": "é",
    "'b' < 'É'": True,
    "getdate() <= sysdate": True,
}


def test_functions_answer_as_documented(run: Run) -> None:
    answers = {text: run(f"select {text}")[0][0] for text in DOCUMENTED}
    assert answers == DOCUMENTED


def test_aggregates_of_whole_numbers_stay_whole(run: Run) -> None:
    rows = "(select 1 as a, 'x' as s union all select 1, 'y' union all select 2, null)"
    assert run(
        "select avg(a), sum(a::bigint), "
        f"listagg(s, ',') within group (order by s desc) from {rows} as r"
    ) == [[1, 4, "y,x"]]


def test_a_refusal_fails_the_transaction(run: Run) -> None:
    run("begin")
    with pytest.raises(ProgrammingError, match="stand-in] refused: A59: now"):
        run("select now()")
    with pytest.raises(ProgrammingError, match="transaction is aborted"):
        run("select 1")
    run("rollback")


NOT_EMULATED = [
    ("copy t from 's3://b/k' iam_role default csv", "COPY option CSV "),
    ("create table x (id int identity(1, 1))", "IDENTITY"),
    ("create materialized view v backup no as select 1 as a", "materialized views"),
    ("create schema if not exists dev.s", "schemas of a named database"),
    ("create role r", "roles"),
    ("create datashare d", "datashares"),
    ("create external schema s from data catalog", "external schemas"),
    ("call p(1)", "stored procedures"),
    ("alter table t append from u", "ALTER TABLE APPEND"),
    ("unload ('select 1') to 's3://b/k' iam_role default", "UNLOAD"),
    ("analyze compression t", "ANALYZE COMPRESSION"),
    ("cancel 123", "CANCEL"),
    ("select * from sys_query_history", "sys_query_history"),
    ("select * from pg_catalog.stl_query", "stl_query"),
    ("show tables from schema dev.public", "SHOW TABLES"),
    ("vacuum delete only t", "VACUUM DELETE"),
    ("grant select on t to role r", "GRANT TO ROLE"),
    ("select * from t pivot (sum(a) for a in (1, 2))", "PIVOT"),
    ("select a from t minus select 1", "MINUS"),
    ("merge into t using u on t.a = u.a remove duplicates",
     "MERGE .. REMOVE DUPLICATES"),
    ("select a, count(*) from t group by all", "GROUP BY ALL"),
    ("select * exclude (a) from t", "* EXCLUDE"),
    ("select try_cast(a as int) from t", "TRY_CAST"),
    ("select median(a) from t", "median()"),
    ("select fnv_hash(a) from t", "fnv_hash()"),
    ("select array(1, 2)", "array()"),
    ("select st_distance(a, a) from t", "st_distance()"),
    ("select datediff(week, '2019-12-31', '2020-01-05')",
     "DATEDIFF by weeks on Sundays"),
    ("create view v as select * from x with no schema binding", "late-binding views of "
     'what does not exist: relation "x" does not exist'),
    (f"select 1 as {'x' * 64}", f"names longer than 63 bytes: {'x' * 64}"),
]  # fmt: skip


def test_what_is_not_emulated_is_refused_by_name(run: Run) -> None:
    run("create table t (a int)")
    for sql, name in NOT_EMULATED:
        with pytest.raises(ProgrammingError) as error:
            run(sql)
        assert message(error) == f"[stand-in] not emulated: {name}"


def test_the_readme_names_what_is_not_emulated() -> None:
    readme = (Path(rules.__file__).parent / "README.md").read_text(encoding="utf-8")
    listed = " ".join(readme.partition("## What it does not know")[2].split())
    assert [name for name, _ in rules.GAPS if name not in listed] == []


def test_statements_are_kept_with_their_session(redshift: StandIn, run: Run) -> None:
    other = redshift.connect().cursor()
    run("select 1")
    other.execute("select %s", (2,))
    run("select 1")
    seen = [(s.session, s.sql) for s in redshift.statements][-3:]
    assert [sql for _, sql in seen] == ["select 1", "select $1", "select 1"]
    assert seen[0][0] == seen[2][0] != seen[1][0]


def test_a_connection_is_cut_before_a_statement(redshift: StandIn, run: Run) -> None:
    run("create table t (a int)")
    redshift.faults.cut_before("insert", nth=2)
    run("insert into t values (1)")
    with pytest.raises(InterfaceError, match="BrokenPipe"):
        run("insert into t values (2)")
    assert redshift.query(f"select a from {redshift.schema}.t") == [("1",)]
    assert redshift.faults.struck()


def test_a_lost_reply_to_commit_leaves_the_rows(redshift: StandIn, run: Run) -> None:
    run("create table t (a int)")
    redshift.faults.cut_after("^commit")
    run("begin")
    run("insert into t values (1)")
    with pytest.raises(InterfaceError):
        run("commit")
    assert redshift.query(f"select a from {redshift.schema}.t") == [("1",)]


def test_a_cut_inside_a_transaction_rolls_back(redshift: StandIn, run: Run) -> None:
    run("create table t (a int)")
    redshift.faults.cut_after("insert")
    run("begin")
    with pytest.raises(InterfaceError):
        run("insert into t values (1)")
    assert redshift.query(f"select a from {redshift.schema}.t") == []


def test_an_error_is_raised_once(redshift: StandIn, run: Run) -> None:
    redshift.faults.fail("select 1", "conflict with concurrent transaction")
    with pytest.raises(ProgrammingError) as error:
        run("select 1")
    assert message(error) == "conflict with concurrent transaction"
    assert run("select 1") == [[1]]


def test_each_round_trip_can_take_longer(redshift: StandIn, run: Run) -> None:
    run("create table t (a int)")
    before = redshift.round_trips
    redshift.faults.slow(0.1)
    started = time.monotonic()
    run("insert into t values (1)")
    assert time.monotonic() - started >= 0.1 * (redshift.round_trips - before) > 0.1


def test_a_transaction_reads_one_snapshot_from_its_first_read(
    redshift: StandIn, run: Run
) -> None:
    run("create table t (a int)")
    run("begin")
    run("lock t")
    assert run("select count(*) from t") == [[0]]
    run("commit")
    run("begin")
    run("select 1")
    redshift.query(f"insert into {redshift.schema}.t values (1)")
    assert run("select count(*) from t") == [[0]]
    run("commit")
    assert run("select count(*) from t") == [[1]]


def test_it_starts_where_only_its_owner_may_enter(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Root runs PostgreSQL as another user, who can enter neither of these.
    installed = postgres.copied(postgres.installation(), tmp_path / "installed")
    installed.chmod(0o700)
    monkeypatch.setattr(postgres, "installation", lambda: installed)
    temporary = tmp_path / "temporary"
    temporary.mkdir(0o700)
    monkeypatch.setattr(tempfile, "tempdir", str(temporary))
    server = postgres.Postgres("dev")
    server.start()
    try:
        assert server.admin.query("select 1") == [("1",)]
    finally:
        server.stop()
    assert not server.directory.exists()


def test_it_imports_nothing_of_this_project() -> None:
    tests = Path(__file__).parents[2]
    ours = {path.stem for path in (tests.parent / "scripts").iterdir()}
    ours |= {path.name for path in (tests / "python").iterdir()}
    for module in (tests / "standin").glob("*.py"):
        tree = ast.parse(module.read_text(encoding="utf-8"))
        names = {
            alias.name if isinstance(node, ast.Import) else str(node.module)
            for node in ast.walk(tree)
            if isinstance(node, ast.Import | ast.ImportFrom)
            for alias in node.names
        }
        assert {name.split(".")[0] for name in names} & ours == set(), module.name


def test_it_runs_by_hand_and_leaves_nothing_when_killed() -> None:
    program = Path(__file__).parents[2] / "standin" / "serve.py"
    with subprocess.Popen(
        [sys.executable, program], stdout=subprocess.PIPE, text=True
    ) as server:
        assert server.stdout is not None
        lines = [server.stdout.readline() for _ in range(12)]
        places = {tempfile.gettempdir(), *postgres.TEMPORARY}
        made = [
            folder
            for place in places
            for folder in Path(place).glob(f"standin-{server.pid}-*")
        ]
        server.kill()
        server.wait(20)
    exported = dict(line.split()[1].split("=", 1) for line in lines)
    assert exported["REDSHIFT_SSLMODE"] == "disable"
    assert exported["AWS_ENDPOINT_URL"].startswith("http://127.0.0.1:")
    assert len(made) == 1
    until = time.monotonic() + 10
    while made[0].exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not made[0].exists()
