"""Queries that Redshift has and PostgreSQL does not give what Redshift documents."""

from typing import Any

import pytest
from redshift_connector.error import ProgrammingError
from standin.fixtures import Run
from standin.stack import StandIn

TABLE = "create table t (a int, b varchar(9), ts timestamp)"
ROWS = (
    "insert into t values (1, 'x', '2018-11-01 20:57:10.796'), (2, null, null),"
    " (3, 'z', '2018-11-02'), (3, null, null)"
)

ANSWERS: list[tuple[str, list[list[Any]]]] = [
    # DG r_SELECT_list: TOP
    ("select top 2 a from t order by a desc", [[3], [3]]),
    ("select count(*) from (select top 1 a from t) as x", [[1]]),
    # DG r_COUNT
    ("select approximate count(distinct a) from t", [[3]]),
    # DG r_QUALIFY_clause
    (
        "select a, b from t as x qualify row_number() over"
        " (partition by a order by b) = 1 order by a",
        [[1, "x"], [2, None], [3, "z"]],
    ),
    (
        "with first_rows as (select * from t as x where a > 1"
        " qualify rank() over (order by a) = 1) select a, b from first_rows",
        [[2, None]],
    ),
    (
        "select a, count(*) as n, rank() over (order by count(*) desc) as place"
        " from t as x group by a qualify place = 1",
        [[3, 2, 1]],
    ),
    # DG r_SELECT_list: an alias counts to the right of where it is given, unless a
    # table has a column of that name.
    ("select a * 2 as c, c + 1 as d from t where a = 3 limit 1", [[6, 7]]),
    ("select a + 1 as c, c * 2 as d, d * 2 as e from t where a = 1", [[2, 4, 8]]),
    ("select 'no' as b, b || '!' as told from t where a = 1", [["no", "x!"]]),
    # DG r_WF_first_value, r_WF_LAG: IGNORE NULLS
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
    # DG r_TRUNC
    ("select trunc(ts)::varchar(10) from t where a = 1", [["2018-11-01"]]),
    # DG JSON_PARSE, JSON_SERIALIZE
    (
        """select json_serialize(json_parse('{"b": [1, "x y", null], "a": {}}'))""",
        [['{"a":{},"b":[1,"x y",null]}']],
    ),
    # DG r_Character_types: blanks at the end do not count
    (
        "select 'a' = 'a  ', 'a ' in ('a'), 'a' < 'a ', 'a' <> 'a '",
        [[True, True, False, False]],
    ),
    (
        "select count(distinct s), count(*) from"
        " (select 'a'::varchar(5) as s union all select 'a  ') as x",
        [[1, 2]],
    ),
    (
        "select count(*) from (select 'x '::varchar(5) as s) as x"
        " inner join t on t.b = x.s",
        [[1]],
    ),
    ("select len('a  '), 'a  ' like 'a'", [[3, False]]),
]


@pytest.fixture
def table(run: Run) -> Run:
    run(TABLE)
    run(ROWS)
    return run


def test_queries_of_redshifts_own_are_answered(table: Run) -> None:
    assert [(sql, table(sql)) for sql, _ in ANSWERS] == ANSWERS


def refusal(run: Run, sql: str) -> str:
    with pytest.raises(ProgrammingError) as error:
        run(sql)
    return str(error.value.args[0]["M"])


def test_an_alias_is_found_in_a_transaction_and_in_a_table_made(table: Run) -> None:
    table("begin")
    table("create table u as select a + 1 as c, c + 1 as d from t")
    assert table("select max(d) from u") == [[5]]
    assert table("select d + 1 as e, e + 1 as f from u where c = 2") == [[4, 5]]
    assert 'column "nothing" does not exist' in refusal(
        table, "select a + 1 as c, c + nothing as d from t"
    )
    table("rollback")


def test_super_is_a_type(table: Run) -> None:
    table("create table s (j super)")
    table("""insert into s select json_parse('{"a": 1}')""")
    assert table("select json_serialize(j) from s") == [['{"a":1}']]


def test_a_form_that_is_not_emulated_is_refused_by_name(table: Run) -> None:
    for sql in (
        "select distinct a from t as x qualify row_number() over (order by a) = 1",
        "select a + 1 from t as x qualify row_number() over (order by a) = 1",
        "select top 1 a from t union all select 1",
        "select lag(a, 2) ignore nulls over (order by a) from t",
    ):
        assert refusal(table, sql).startswith("[stand-in] not emulated: ")


def test_a_column_changes_its_type_outside_of_a_transaction_only(table: Run) -> None:
    table("begin")
    assert "E11: " in refusal(table, "alter table t alter column b type varchar(30)")
    table("rollback")
    table("alter table t alter column b type varchar(30)")


def test_a_late_binding_views_columns_take_no_comment(
    redshift: StandIn, table: Run
) -> None:
    table("create view late as select a from t with no schema binding")
    table("create view early as select a from t")
    assert "E12: " in refusal(table, "comment on column late.a is 'x'")
    for name in ("t.a", "early.a"):
        table(f"comment on column {name} is 'x'")
    table("comment on view late is 'x'")
