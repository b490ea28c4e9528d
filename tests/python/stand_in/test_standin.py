"""The stand-in answers Redshift's own driver as Redshift documents."""

import re
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pytest
from redshift_connector.error import ProgrammingError
from standin import postgres, rules
from standin.fixtures import Run
from standin.stack import StandIn

ABORTED = "current transaction is aborted"
# Statements of one session, with the rows of an answer or what an error begins with.
STATEMENTS: list[tuple[str, object]] = [
    # Texts have bytes, numbers without a size have no decimals.
    ("create table c (three varchar(3), usual varchar, plain text, n numeric)", []),
    ("insert into c (three) values ('é'), ('abc   ')", []),
    ("select three from c order by 1", [["abc"], ["é"]]),
    (
        "insert into c (three) values ('éé')",
        "value too long for type character varying(3)",
    ),
    ("insert into c (usual, plain) values (repeat('x', 256), repeat('x', 256))", []),
    ("insert into c (usual) values (repeat('x', 257))", "value too long for type"),
    ("insert into c (plain) values (repeat('x', 257))", "value too long for type"),
    ("select 'abcdé'::varchar(5), 'é'::varchar(1)", [["abcd", ""]]),
    ("insert into c (n) values (269.58322)", []),
    (
        "select n::varchar(9), 1.55::numeric::varchar(9) from c where n > 1",
        [["270", "2"]],
    ),
    # Keys are not enforced, but a primary key is never null.
    ("create table u (id int unique)", []),
    (
        "create table k (id int, u int references u (id), primary key (id),"
        " constraint one unique (u), foreign key (u) references u (id))",
        [],
    ),
    ("insert into k values (1, 2), (1, 2)", []),
    ("insert into k values (null, 2)", "Cannot insert a NULL value into column id"),
    # TRUNCATE commits; a refusal fails the transaction.
    ("begin", []),
    ("insert into u values (2)", []),
    ("truncate k", []),
    ("rollback", []),
    ("begin", []),
    ("select now()", "[stand-in] refused: A59: now() does not exist: GETDATE()"),
    ("select 1", ABORTED),
    ("rollback", []),
    ("select (select count(*) from u), (select count(*) from k)", [[1, 0]]),
    # A column changes its type outside of a transaction only.
    ("begin", []),
    ("alter table c alter column three type varchar(30)", "[stand-in] refused: E11: "),
    ("rollback", []),
    ("alter table c alter column three type varchar(30)", []),
    # DG r_SELECT_list: TOP, QUALIFY
    (
        "create table t as select 1 as a, 'x'::varchar(9) as b,"
        " '2018-11-01 20:57:10.796'::timestamp as ts"
        " union all select 2, null, null union all select 3, 'z', '2018-11-02'"
        " union all select 3, null, null",
        [],
    ),
    ("select top 2 a from t order by a desc", [[3], [3]]),
    ("select approximate count(distinct a) from t", [[3]]),
    (
        "with later as (select * from t as x where a > 1"
        " qualify rank() over (order by a) = 1) select a, b from later",
        [[2, None]],
    ),
    (
        "select a, count(*) as n, rank() over (order by count(*) desc) as place"
        " from t as x group by a qualify place = 1",
        [[3, 2, 1]],
    ),
    # An alias counts to the right of where it is given, unless a column has its name.
    ("select a + 1 as c, c * 2 as d, d * 2 as e from t where a = 1", [[2, 4, 8]]),
    ("select 'no' as b, b || '!' as told from t where a = 1", [["no", "x!"]]),
    ("create table made as select a + 1 as c, c + 1 as d from t", []),
    ("select max(d) from made", [[5]]),
    ("select a + 1 as c, c + nothing as d from t", 'column "nothing" does not exist'),
    # DG r_WF_LAG: IGNORE NULLS
    (
        "select last_value(b) ignore nulls over (order by a rows between unbounded"
        " preceding and current row) from t where a < 3 order by a",
        [["x"], ["x"]],
    ),
    (
        "select a, lag(b) ignore nulls over (order by a, b), lead(b, 1) ignore nulls"
        " over (order by a, b) from t order by a, b",
        [[1, None, "z"], [2, "x", "z"], [3, "x", None], [3, "z", None]],
    ),
    ("select lag(a) respect nulls over (order by a) from t where a = 1", [[None]]),
    # Blanks at the end do not count; whole numbers stay whole.
    (
        "select 'a' = 'a  ', 'a ' in ('a'), 'a' < 'a ', len('a  '), 'a  ' like 'a'",
        [[True, True, False, 3, False]],
    ),
    (
        "select count(distinct s), count(*) from"
        " (select 'a'::varchar(5) as s union all select 'a  ') as x",
        [[1, 2]],
    ),
    (
        "select avg(a), sum(a::bigint), listagg(b, ',') within group (order by b desc)"
        " from t",
        [[2, 9, "z,x"]],
    ),
    ("create table s (j super)", []),
    ("""insert into s select json_parse('{"b": [1, "x y", null], "a": {}}')""", []),
    ("select json_serialize(j) from s", [['{"a":{},"b":[1,"x y",null]}']]),
    # A late-binding view outlives its table, and its columns take no comment.
    ("create view early as select a from t", []),
    ("comment on column early.a is 'x'", []),
    ("create view late as select a from {schema}.t with no schema binding", []),
    ("comment on view late is 'x'", []),
    ("comment on column late.a is 'x'", "[stand-in] refused: E12: "),
    ("drop table t cascade", []),
    ("select a from late", 'relation "{schema}.t" does not exist'),
    ("create table t (a int)", []),
    ("select a from late", []),
]
# The marts' fingerprints show those that the models call.
FUNCTIONS: dict[str, object] = {
    "nvl(null, 2)": 2,
    "nvl2('x', 1, 2)": 1,
    "decode(null, 1, 'a', null, 'b', 'c')": "b",
    "sha2('a', 256)": "ca978112ca1bbdcafac231b39a23dc4da786eff8147c4e72b9807785"
    "afee48bb",
    "from_varbyte(to_varbyte('é', 'utf8'), 'hex')": "c3a9",
    "charindex('c', 'abc')": 3,
    "concat('a', null)": None,
    "regexp_replace('aXbXc', 'X', '-')": "a-b-c",
    "datediff(year, '2018-12-31'::date, '2019-01-01'::date)": 1,
    "datediff(hour, '2018-11-01 00:59'::timestamp, '2018-11-01 01:01')": 1,
    "datediff(day, '1969-12-31 23:00'::timestamp, '1970-01-01'::timestamp)": 1,
    "datediff(week, '2019-12-31'::date, '2019-12-27'::date)": -1,
    "dateadd(d, -1, date_trunc('mon', date '2020-03-03'))::char(10)": "2020-02-29",
    r"'it\'s' || '\t' || '\\'": "it's\t\\",
    r"'a_b' like 'a\\_b' and not 'axb' like 'a\\_b'": True,
    "current_timestamp is not null and getdate() <= sysdate": True,
    "dateadd(ms, 1541105830796, '1970-01-01')::char(23)": "2018-11-01 20:57:10.796",
    "dateadd(month, 1, date '2018-01-31')::varchar(30)": "2018-02-28 00:00:00",
    "trunc('2018-11-01 20:57'::timestamp)::varchar(10)": "2018-11-01",
    "date_part(week, date '2018-12-31')": 1,
    "convert_timezone('Asia/Tokyo', '2018-01-01')::char(19)": "2018-01-01 09:00:00",
    "last_day(date '2018-02-03')::varchar(10)": "2018-02-28",
    "json_extract_path_text('{\"a\": {\"b\": 1}}', 'a', 'b')": "1",
    "lower('É')": "é",
    "'b' < 'É'": True,
}
NOT_EMULATED = [
    ("copy t from 's3://b/k' iam_role default csv", "COPY option CSV "),
    ("create table x (id int identity(1, 1))", "IDENTITY"),
    ("create materialized view v backup no as select 1 as a", "materialized views"),
    ("create schema if not exists dev.s", "schemas of a named database"),
    ("create role r", "roles"),
    ("unload ('select 1') to 's3://b/k' iam_role default", "UNLOAD"),
    ("select * from sys_query_history", "sys_query_history"),
    ("select * from pg_catalog.stl_query", "stl_query"),
    ("select a from t minus select 1", "MINUS"),
    ("merge into t using u on t.a = u.a remove duplicates",
     "MERGE .. REMOVE DUPLICATES"),
    ("select a, count(*) from t group by all", "GROUP BY ALL"),
    ("select median(a) from t", "median()"),
    ("select st_distance(a, a) from t", "st_distance()"),
    ("select datediff(week, '2019-12-31', '2020-01-05')",
     "DATEDIFF by weeks on Sundays"),
    ("create view v as select * from x with no schema binding", "late-binding views of "
     'what does not exist: relation "x" does not exist'),
    (f"select 1 as {'x' * 64}", f"names longer than 63 bytes: {'x' * 64}"),
    # Forms of what is emulated.
    ("select a + 1 from t as x qualify row_number() over (order by a) = 1", ""),
    ("select top 1 a from t union all select 1", ""),
    ("select lag(a, 2) ignore nulls over (order by a) from t", ""),
]  # fmt: skip


def refusal(run: Run, sql: str) -> str:
    with pytest.raises(ProgrammingError) as error:
        run(sql)
    return str(error.value.args[0]["M"])


def test_statements_are_answered_as_documented(run: Run, redshift: StandIn) -> None:
    for text, wanted in STATEMENTS:
        sql = text.replace("{schema}", redshift.schema)
        if isinstance(wanted, str):
            begin = wanted.replace("{schema}", redshift.schema)
            assert refusal(run, sql).startswith(begin), sql
        else:
            assert run(sql) == wanted, sql
    answers = {text: run(f"select {text}")[0][0] for text in FUNCTIONS}
    assert answers == FUNCTIONS


def test_what_is_not_emulated_is_refused_by_name(run: Run) -> None:
    run("create table t (a int)")
    for sql, name in NOT_EMULATED:
        message = refusal(run, sql)
        assert message.startswith("[stand-in] not emulated: "), sql
        assert not name or message == f"[stand-in] not emulated: {name}"
    readme = (Path(rules.__file__).parent / "README.md").read_text(encoding="utf-8")
    listed = " ".join(readme.partition("## What it does not know")[2].split())
    assert [name for name, _ in rules.GAPS if name not in listed] == []


def test_a_transaction_reads_one_snapshot_from_its_first_read(
    redshift: StandIn, run: Run
) -> None:
    run("create table t (a int)")
    for first, count in (("lock t", 1), ("select 1", 1)):
        run("begin")
        run(first)
        if first == "select 1":
            redshift.query(f"insert into {redshift.schema}.t values (2)")
        else:
            run("insert into t values (1)")
        assert run("select count(*) from t") == [[count]]
        run("commit")
    assert run("select count(*) from t") == [[2]]


def test_it_imports_nothing_of_this_project() -> None:
    tests = Path(__file__).parents[2]
    ours = {path.stem for path in (tests.parent / "scripts").iterdir()}
    ours |= {path.name for path in (tests / "python").iterdir()}
    for module in (tests / "standin").glob("*.py"):
        text = module.read_text(encoding="utf-8")
        found = re.findall(r"^\s*(?:from|import) (\w+)", text, re.MULTILINE)
        assert set(found) & ours == set(), module.name


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
    (folder,) = made
    until = time.monotonic() + 10
    while folder.exists() and time.monotonic() < until:
        time.sleep(0.05)
    assert not folder.exists()
