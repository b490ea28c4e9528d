"""The rule checker finds what Redshift refuses.

That it takes what Redshift takes, test_redshift_dbt.py shows of all the project's SQL.
"""

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
