"""The rule checker finds what Redshift refuses, and leaves alone what it takes."""

from pathlib import Path

from standin.rules import PAGES, check, refusal

LINES = Path(__file__).with_name("refused_by_redshift.txt").read_text().splitlines()
REFUSED = [line.split(" ", 1) for line in LINES if not line.startswith("#")]

# What Redshift answers otherwise than DuckDB or PostgreSQL, names, functions.
DIFFERENT = [
    ("B04", "select 7/2 as half"),
    ("B08", "select extract(second from ts) from t"),
    ("B25", "select cast(a as float) from t"),
    ("B11", "select timestamp 'epoch' + ts/1000 * interval '1 second' from e as e"),
    ("B22", r"select s from t where s like 'a\_b'"),
    ("A72", "select cast(false as text)"),
    ("B28", 'select 1 as "firstName"'),
    ("B31", "begin; truncate tgt; commit"),
    ("B37", "select substring('abc', 0, 2)"),
    ("B40", "create table t (s varchar)"),
    ("B40", "create table t (s text not null)"),
    ("B41", "create table t (n numeric)"),
    ("B41", "select n::decimal from t"),
    ("B46", "select count(distinct (a, b)) from t"),
    ("W01", "select 1 as tag"),
    ("W01", "select open from t"),
    ("W01", "create table t (percent int, raw varchar(9))"),
    ("W01", "with new as (select 1 as a) select a from new"),
    ("F01", "select yearweek(d) from t"),
    ("L01", f"select 1 as {'x' * 128}"),
    ("P01", "select from where"),
]

LEGAL = [
    "select 1",
    f"select 1 as {'x' * 127}",
    "select row_number() over (order by 1) from t",
    "select current_timestamp",
    "create table t as select 1 || '-' || current_timestamp as id",
    "select getdate() as current_timestamp, a from t",
    "select try_cast(a as int), sum(b) from t group by all",
    "select * exclude (a), t.* exclude b from t",
    "merge into t using u on t.a = u.a and (t.b > 2) and false when matched then "
    "update set b = u.b when not matched then insert values (u.a, u.b)",
    "unload ('select 1') to 's3://b/k' iam_role default",
    "analyze compression t",
    "cancel 123",
    "select a, count(*) as n from t group by a having count(*) > 1 order by n desc",
    "select (a, b) from t where (a, b) in (select a, b from u)",
    "select coalesce(a, b), nvl(a, b), nvl2(a, b, c), decode(a, 1, 'x', 'y') from t",
    "select listagg(s, ',') within group (order by s) from t",
    "select row_number() over (partition by a order by b desc nulls last) from t",
    "select lag(a, 1) over (partition by b order by c) from t",
    "select sum(a) over (partition by b) from t",
    "select sum(a) over (order by b rows between unbounded preceding and current row)"
    " from t",
    "select first_value(s) over (partition by a order by b rows between unbounded "
    "preceding and unbounded following) from t",
    "select a from t as x where true qualify row_number() over (order by a) = 1",
    "select t.a from t as x qualify rank() over (partition by a order by b) = 1",
    "select timestamp 'epoch' + ts / 1000.0 * interval '1 second' from e",
    "select dateadd(ms, ts, timestamp '1970-01-01'), datediff(day, a, b) from e",
    "select extract(dow from ts), extract(week from ts), date_part(year, ts) from e",
    "select date_trunc('week', ts)::date, to_char(ts, 'Day'), getdate() from e",
    "select sysdate, current_date, current_user",
    "select a::varchar(20), cast(b as decimal(10, 5)), c::double precision from t",
    "select case when a is true then 'true' when a is false then 'false' end from t",
    "select a from t where b is true and not c is false",
    "select md5(a || '-' || b), sha2(a, 256), len(a), left(a, 3), right(a, 3) from t",
    "select regexp_replace(a, '[^a-z]', ''), regexp_substr(a, '[0-9]+') from t",
    "select count(distinct a), approximate count(distinct b) from t",
    "select percentile_cont(0.5) within group (order by a) from t",
    "select a, b, sum(c) from t group by rollup (a, b)",
    "select a, b, sum(c) from t group by cube (a, b)",
    "select a from t union all select b from u",
    "select a from t except select b from u",
    "select a from t where exists (select 1 from u where u.a = t.a)",
    "select a from t where b <> all (select c from u) or b = any (select c from u)",
    "with recursive n (i) as (select 1 union all select i + 1 from n where i < 9) "
    "select i from n",
    "with a (x) as (select 1), b (y) as (select x from a) select y from b",
    "select time, level, location, length, method, page, auth, song, status from e",
    "select hour, day, week, month, year, weekday from time",
    "select 'it''s distinct on (a), filter (where b) and for update' as quoted",
    'select "tag", "open" from t',
    "create table s.t (id bigint not null, name varchar(65535), primary key (id)) "
    "diststyle key distkey (id) compound sortkey (id, name)",
    "create temporary table t diststyle even sortkey (a) as (select 1 as a)",
    "create table t (id int encode az64, s varchar(9) encode zstd) backup no",
    "create table if not exists t (id int)",
    "create view s.v as (select a from s.t) with no schema binding",
    "drop table if exists s.t cascade",
    "alter table s.t rename to u",
    "alter table t add column c varchar(10)",
    "alter table t alter column c type varchar(300)",
    "insert into t (a, b) values (1, 'x'), (2, 'y')",
    "insert into t (a, b) (select a, b from u)",
    "delete from t where (a) in (select distinct a from u as x) and b >= '2018-01-01'",
    "delete from t using u where t.a = u.a",
    "update t set a = u.a from u where t.b = u.b",
    "merge into t using u on t.a = u.a when matched then update set b = u.b "
    "when not matched then insert values (u.a, u.b)",
    "truncate table t",
    "begin; lock t; delete from t; insert into t select * from u; commit",
    "begin transaction",
    "rollback",
    "lock table s.t",
    "set statement_timeout to 60000",
    "set query_group to 'load'",
    "analyze t",
    "vacuum t",
    "grant select on s.t to group readers",
    "comment on table s.t is 'a for update comment'",
    "copy s.t (a, b) from 's3://b/m' iam_role default format as json 's3://b/p.json' "
    "manifest gzip timeformat 'epochmillisecs' maxerror 3 compupdate off",
    "select * from sys_load_error_detail where query_id = pg_last_copy_id()",
    "select c.oid from pg_catalog.pg_class as c where c.relname like 'a\\_b'",
    "insert into t (a, b) values ($1, $2), ($3, $4)",
    "select top 5 a from t order by a",
    "select a * 2 as b, b + 1 as c from t",
    "create table t (s super)",
    "select json_parse(s), json_serialize(j) from t",
    "select trunc(ts) from t",
    "select last_value(a) ignore nulls over (partition by b order by c rows between "
    "unbounded preceding and current row) from t",
    "select lag(a) ignore nulls over (order by b) from t",
    "select rank() over (partition by a), ntile(4) over (order by b) from t",
    "select current_schema()",
    "select has_table_privilege('t', 'select')",
    "select tablename from pg_table_def where schemaname = current_schema()",
    "create view v as select tablename from pg_table_def",
    "select substring(s, 1, 2), trim(s) from t",
    "select relname, nspname from pg_class as c "
    "inner join pg_namespace as n on n.oid = c.relnamespace",
    "alter table t drop column a",
    "explain select a from t",
    "explain verbose select a from t",
    "create table t (s varchar(65535), c char(4096), n decimal(38, 37))",
    "select regexp_substr(s, 'a(?=b)', 1, 1, 'p') from t where s ~ '^(a|b)+$'",
    "-- select now()\nselect 1 /* current_timestamp */",
]


def test_what_redshift_does_not_take_is_found() -> None:
    found = [(rule, sql, check(sql)) for rule, sql in [*REFUSED, *DIFFERENT]]
    assert [case for case in found if f"{case[0]}: " not in "".join(case[2])] == []


def test_what_redshift_takes_passes() -> None:
    assert [message for sql in LEGAL for message in [sql, *check(sql)]] == LEGAL


def test_every_rule_names_its_page_of_the_developer_guide() -> None:
    named = {message.split(": ")[0] for _, sql in REFUSED for message in check(sql)}
    assert named <= set(PAGES)
    (message,) = check("lock t nowait")
    assert (
        message
        == "E06: LOCK takes no mode and always waits: LOCK t (DG r_LOCK, 2023-04)"
    )


def test_the_stand_in_refuses_all_but_what_it_answers_as_redshift_does() -> None:
    assert all(refusal(sql) for _, sql in REFUSED)
    assert not refusal("create table t (s varchar, n numeric)")
    assert not refusal("insert into st_events (object, sha) values (1, 2)")


def test_descending_order_can_be_asked_to_name_its_nulls() -> None:
    sql = "select a from t order by a desc"
    assert check(sql) == []
    (message,) = check(sql, nulls=True)
    assert message.startswith("B02: ORDER BY .. DESC without NULLS FIRST or NULLS LAST")
    assert check(f"{sql} nulls last", nulls=True) == []


def test_every_statement_of_a_text_is_read() -> None:
    found = check("select 1; create index i on t (a); select array_agg(a) from t")
    assert [message[:3] for message in found] == ["A05", "A31"]
