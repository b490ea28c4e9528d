"""The rule checker finds what Redshift refuses, and leaves alone what it takes."""

from pathlib import Path

from standin.rules import INSTEAD, PAGES, check, refusal

LINES = Path(__file__).with_name("refused_by_redshift.txt").read_text().splitlines()
REFUSED = [line.partition(" ")[::2] for line in LINES[1:]]
REFUSED += [(rule, f"select {name}(a) from t") for name, (rule, _) in INSTEAD.items()]

# What Redshift answers otherwise than DuckDB or PostgreSQL, names, functions.
DIFFERENT = [
    ("B04", "select 7/2 as half"),
    ("B08", "select extract(second from ts) from t"),
    ("B25", "select cast(a as float) from t"),
    ("B11", "select timestamp 'epoch' + ts/1000 * interval '1 second' from e as e"),
    ("B22", r"select s from t where s like 'a\_b'"),
    ("B28", 'select 1 as "firstName"'),
    ("B31", "begin; truncate tgt; commit"),
    ("B37", "select substring('abc', 0, 2)"),
    ("B40,B41", "create table t (s text not null, v varchar, n numeric)"),
    ("B46", "select count(distinct (a, b)) from t"),
    ("L01", f"select 1 as {'x' * 128}"),
    ("P01", "select from where"),
]

# The project's own SQL passes too: see test_redshift_dbt.py.
LEGAL = [
    f"select 1 as {'x' * 127}, try_cast(a as int) from t group by all",
    "select row_number() over (order by 1), rank() over (partition by a) from t",
    "create table t as select 1 || '-' || current_timestamp as id",
    "select getdate() as current_timestamp, a from t",
    "select * exclude (a), t.* exclude b from t",
    "merge into t using u on t.a = u.a and (t.b > 2) and false when matched then "
    "update set b = u.b when not matched then insert values (u.a, u.b)",
    "unload ('select 1') to 's3://b/k' iam_role default",
    "analyze compression t",
    "select (a, b) from t where (a, b) in (select a, b from u)",
    "select a from t as x where true qualify row_number() over (order by a) = 1",
    "select timestamp 'epoch' + ts / 1000.0 * interval '1 second' from e",
    "select extract(dow from ts), date_part(year, ts), 'a' || sysdate from e",
    "select approximate count(distinct b), c::double precision from t",
    "select a from t where b <> all (select c from u) or b = any (select c from u)",
    "with recursive n (i) as (select 1 union all select i + 1 from n where i < 9) "
    "select i from n",
    "select 'it''s distinct on (a), filter (where b) and for update' as quoted",
    'select "tag", "open" from t',
    "create temporary table t diststyle even sortkey (a) as (select 1 as a)",
    "create table t (id int encode az64 distkey, s super, c char(4096)) backup no",
    "alter table t alter column c type varchar(300)",
    "delete from t where (a) in (select distinct a from u as x) and b >= '2018-01-01'",
    "comment on table s.t is 'a for update comment'",
    "copy s.t (a, b) from 's3://b/m' iam_role default format as json 's3://b/p.json' "
    "manifest gzip timeformat 'epochmillisecs' maxerror 3 compupdate off",
    "select c.oid from pg_catalog.pg_class as c where c.relname like 'a\\_b'",
    "insert into t (a, b) values ($1, $2), ($3, $4)",
    "select last_value(a) ignore nulls over (partition by b order by c rows between "
    "unbounded preceding and current row) from t",
    "select current_schema(), has_table_privilege('t', 'select')",
    "explain verbose select a from t",
    "select regexp_substr(s, 'a(?=b)', 1, 1, 'p') from t where s ~ '^(a|b)+$'",
    "-- select now()\nselect 1 /* current_timestamp */",
]


def test_what_redshift_does_not_take_is_found_and_refused() -> None:
    found = [(rules, sql, " ".join(check(sql))) for rules, sql in REFUSED + DIFFERENT]
    assert [
        (rule, sql, messages)
        for rules, sql, messages in found
        for rule in rules.split(",")
        if f"{rule}: " not in messages
    ] == []
    assert [sql for _, sql in REFUSED if not refusal(sql)] == []
    # What the stand-in answers as Redshift does is for lint alone.
    assert not refusal("create table t (s varchar, n numeric)")
    assert not refusal("insert into st_events (object, sha) values (1, 2)")


def test_what_redshift_takes_passes() -> None:
    assert [message for sql in LEGAL for message in [sql, *check(sql)]] == LEGAL


def test_every_statement_is_read_and_every_rule_names_its_page() -> None:
    assert {rule for rules, _ in REFUSED for rule in rules.split(",")} <= set(PAGES)
    found = check("select 1; lock t nowait; select array_agg(a) from t")
    assert [message[:5] for message in found] == ["A05: ", "E06: "]
    assert found[1] == (
        "E06: LOCK takes no mode and always waits: LOCK t (DG r_LOCK, 2023-04)"
    )
    sql = "select a from t order by a desc"
    assert check(sql) == []
    (message,) = check(sql, nulls=True)
    assert message.startswith("B02: ORDER BY .. DESC without NULLS FIRST or NULLS LAST")
    assert check(f"{sql} nulls last", nulls=True) == []
