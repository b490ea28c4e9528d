"""The rules that need a statement's tree: each yields what it finds in one node."""

import re
from collections.abc import Iterator
from typing import cast

from sqlglot import exp

from standin.tables import RESERVED

Finding = tuple[str, str]

# Reserved words that are expressions by themselves.
VALUES = {"sysdate", "user", "current_user", "session_user", "default", "current_date"}
# Reserved words that dbt-redshift's own tests use as names on a real cluster.
NAMES = {"oid", "current_timestamp"}
LONGEST = {
    exp.DataType.Type.VARCHAR: 65535,
    exp.DataType.Type.NVARCHAR: 65535,
    exp.DataType.Type.CHAR: 4096,
    exp.DataType.Type.NCHAR: 4096,
    exp.DataType.Type.VARBINARY: 1024000,
}

NO_TYPES = {
    exp.DataType.Type.UUID: ("A23", "UUID: VARCHAR(36)"),
    exp.DataType.Type.JSON: ("A24", "JSON: VARCHAR, or SUPER"),
    exp.DataType.Type.JSONB: ("A24", "JSONB: VARCHAR, or SUPER"),
    exp.DataType.Type.ARRAY: ("A25", "array columns: SUPER, or rows"),
    exp.DataType.Type.SERIAL: ("A28", "SERIAL: BIGINT IDENTITY(1, 1)"),
    exp.DataType.Type.BIGSERIAL: ("A28", "SERIAL: BIGINT IDENTITY(1, 1)"),
    exp.DataType.Type.MONEY: ("A23", "MONEY: DECIMAL(p, s)"),
    exp.DataType.Type.XML: ("A23", "XML: VARCHAR"),
    exp.DataType.Type.INET: ("A23", "INET: VARCHAR"),
}
TEXT_TYPES = exp.DataType.TEXT_TYPES
RANKING = (
    *(exp.RowNumber, exp.Rank, exp.DenseRank, exp.Ntile, exp.Lag, exp.Lead),
    *(exp.PercentRank, exp.CumeDist),
)


def structural(tree: exp.Expr) -> Iterator[Finding]:
    """The rules that need the tree."""
    for node in tree.walk():
        for kind, rule in TREE_RULES:
            if isinstance(node, kind):
                yield from rule(node)


def identifiers(node: exp.Expr) -> Iterator[Finding]:
    name = cast("exp.Identifier", node).name
    if len(name.encode()) > 127:
        yield "L01", f"{name}: a name has 127 bytes at most"
    if node.args.get("quoted"):
        if name != name.lower():
            yield "B28", f'"{name}" becomes {name.lower()}: write it so'
        return
    column = node.parent if isinstance(node.parent, exp.Column) else None
    bare = column is not None and not column.table
    if name.lower() in RESERVED and not (
        (bare and name.lower() in VALUES) or (not bare and name.lower() in NAMES)
    ):
        yield "W01", f"{name} is a reserved word: another name, or quotes"


def types(node: exp.Expr) -> Iterator[Finding]:
    kind = node.this
    if kind in NO_TYPES:
        yield NO_TYPES[kind]
    sizes = [int(size.name) for size in node.expressions if size.name.isdigit()]
    if sizes and sizes[0] > LONGEST.get(kind, sizes[0]):
        yield "E07", f"{kind.value}({sizes[0]}): at most {LONGEST[kind]}"
    if kind == exp.DataType.Type.DECIMAL and any(
        size > most for size, most in zip(sizes, (38, 37), strict=False)
    ):
        yield "E08", "DECIMAL has at most 38 digits, 37 of them behind the point"
    column = isinstance(node.parent, exp.ColumnDef)
    if column and kind == exp.DataType.Type.INTERVAL:
        yield "A26", "INTERVAL columns: a number of seconds"
    if kind == exp.DataType.Type.DECIMAL and not node.expressions:
        yield "B41", "NUMERIC without a size is (18, 0): NUMERIC(p, s)"
    if column and kind in TEXT_TYPES and not node.expressions:
        yield "B40", "text without a length is 256 bytes: VARCHAR(n)"


def casts(node: exp.Expr) -> Iterator[Finding]:
    if node.args["to"].this in TEXT_TYPES and isinstance(
        node.this.unnest(), exp.Predicate | exp.Boolean | exp.Not | exp.Connector
    ):
        yield "A72", "a boolean cannot be cast to text: CASE WHEN .. THEN 'true'"


def windows(node: exp.Expr) -> Iterator[Finding]:
    function = node.this
    while isinstance(function, exp.IgnoreNulls | exp.RespectNulls):
        function = function.this
    spec, order = node.args.get("spec"), node.args.get("order")
    if spec is not None and spec.text("kind").upper() != "ROWS":
        yield "A14", "RANGE and GROUPS frames: ROWS BETWEEN .."
    if order is None:
        if isinstance(function, exp.Lag | exp.Lead):
            yield "E02", "LAG and LEAD need ORDER BY in OVER (..)"
        return
    framed = isinstance(function, exp.AggFunc) and not isinstance(function, RANKING)
    if framed and spec is None:
        value = isinstance(function, exp.FirstValue | exp.LastValue | exp.NthValue)
        yield "A13" if value else "A12", "OVER (ORDER BY ..): add ROWS BETWEEN .."


def creates(node: exp.Expr) -> Iterator[Finding]:
    if node.args.get("kind") == "TABLE" and node.args.get("exists") and node.expression:
        yield "A29", "CREATE TABLE IF NOT EXISTS .. AS: without IF NOT EXISTS"


def merges(node: exp.Expr) -> Iterator[Finding]:
    merge = cast("exp.Merge", node)
    if not isinstance(merge.args["using"], exp.Table):
        yield "A41", "MERGE from a query: put it into a temporary table first"
    whens = merge.args["whens"].expressions
    condition = merge.args["on"]
    unequal = condition.find(exp.Or) or any(
        node.left.find(exp.Column) and node.right.find(exp.Column)
        for node in condition.find_all(exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE)
    )
    if merge.this.alias or any(w.args.get("condition") for w in whens) or unequal:
        yield "A42", "MERGE: no alias of the target, no AND, columns compared by ="
    if merge.args.get("with_"):
        yield "A43", "WITH .. MERGE: put the query into a temporary table first"
    if {bool(when.args.get("matched")) for when in whens} != {True, False}:
        yield "A44", "MERGE needs both WHEN MATCHED and WHEN NOT MATCHED"


def changes(node: exp.Expr) -> Iterator[Finding]:
    if node.find_ancestor(exp.CTE):
        yield "A45", "a CTE that changes data: a statement of its own"
    if isinstance(node, exp.Delete) and node.this.alias:
        yield "A46", "DELETE with an alias: the table's name"
    if isinstance(node, exp.Update) and any(
        join.side for join in node.find_all(exp.Join)
    ):
        yield "A47", "UPDATE .. FROM with an outer join: a temporary table first"


def withs(node: exp.Expr) -> Iterator[Finding]:
    if not node.args.get("recursive"):
        return
    inside = node.find_ancestor(exp.Subquery, exp.CTE)
    named = all(cte.args["alias"].columns for cte in node.expressions)
    if inside or not named:
        yield "A49", "WITH RECURSIVE only outermost, and with a list of columns"


def selects(node: exp.Expr) -> Iterator[Finding]:
    select = cast("exp.Select", node)
    correlated_names = set()
    for item in select.expressions:
        value = item.unalias().unnest()
        while isinstance(value, exp.Not):
            value = value.this.unnest()
        if isinstance(value, exp.Is) and isinstance(value.expression, exp.Boolean):
            yield "A71", "IS TRUE in the select list: CASE WHEN .. THEN true .."
        if isinstance(value, exp.Select) and correlated(value):
            correlated_names.add(item.alias)
    group = select.args.get("group")
    if group and correlated_names & {item.name for item in group.expressions}:
        yield "A69", "GROUP BY a correlated subquery: compute it in a CTE first"
    joins = select.args.get("joins") or []
    for join in joins:
        condition = join.args.get("on") if join.side else None
        inners = condition.find_all(exp.Select) if condition else []
        if any(correlated(inner) for inner in inners):
            yield "A70", "a correlated subquery in an outer join's ON: join a CTE"
    source = select.args.get("from_")
    named = source is None or source.this.alias or joins or select.args.get("where")
    if select.args.get("qualify") and not named:
        yield "D15", "QUALIFY right behind FROM: give the table an alias"
    if any(level(column, select) > 1 for column in select.find_all(exp.Column)):
        yield "A68", "correlation that skips a level: a join"


def sources(select: exp.Select) -> set[str]:
    tables = [select.args.get("from_"), *(select.args.get("joins") or [])]
    return {table.this.alias_or_name.lower() for table in tables if table}


def level(column: exp.Column, select: exp.Select) -> int:
    """How many queries out a qualified column's table is; 0 if not told."""
    if not column.table or column.find_ancestor(exp.Select) is not select:
        return 0
    at, outer = 0, cast("exp.Select | None", select)
    while outer is not None:
        if column.table.lower() in sources(outer):
            return at
        at, outer = at + 1, outer.find_ancestor(exp.Select)
    return 0


def correlated(select: exp.Select) -> bool:
    return any(level(column, select) for column in select.find_all(exp.Column))


def functions(node: exp.Expr) -> Iterator[Finding]:
    """Functions that exist with other arguments."""
    name = node.meta.get("name", node.key)
    if isinstance(node, exp.Concat) and len(node.expressions) != 2:
        yield "A52", "CONCAT takes two arguments: a || b || c"
    if isinstance(node, exp.UnixToTime) or (
        isinstance(node, exp.Anonymous)
        and node.name.lower() == "to_timestamp"
        and len(node.expressions) == 1
    ):
        yield "A50", "TO_TIMESTAMP(number): timestamp 'epoch' + n * interval '1 second'"
    if isinstance(node, exp.SplitPart) and is_negative(node.args["part_index"]):
        yield "A64", "SPLIT_PART counts from 1: REVERSE, or dbt.split_part"
    if isinstance(node, exp.Substring) and is_negative(node.args.get("start")):
        yield "B37", f"{name} from before the first letter: RIGHT or LEFT"


def comparisons(node: exp.Expr) -> Iterator[Finding]:
    if any(isinstance(side, exp.Tuple) for side in (node.this, node.expression)):
        yield "E09", "rows cannot be compared: compare column by column"


def regexes(node: exp.Expr) -> Iterator[Finding]:
    """`(?` is Perl's: only the functions know it, and only with the parameter p."""
    parts = [node.this, *node.args.values(), *node.expressions]
    texts = [part.name for part in parts if isinstance(part, exp.Literal)]
    is_perl = any(re.fullmatch("[ceip]*p[ceip]*", text) for text in texts[1:])
    if any("(?" in text for text in texts) and not is_perl:
        yield "E10", "(?..) in a POSIX pattern: plain groups, or REGEXP_SUBSTR with 'p'"


def is_negative(node: exp.Expr | None) -> bool:
    return isinstance(node, exp.Neg) or (
        isinstance(node, exp.Literal) and node.name == "0"
    )


def divisions(node: exp.Expr) -> Iterator[Finding]:
    left, right = node.this.unnest(), node.expression.unnest()
    if isinstance(left, exp.Neg):
        left = left.this
    if not (isinstance(right, exp.Literal) and right.is_int):
        return
    if isinstance(left, exp.Literal) and left.is_int:
        yield "B04", "whole / whole is cut on Redshift, not on DuckDB: 7 / 2.0"
    product = node.find_ancestor(exp.Mul)
    if product and product.find(exp.Interval):
        yield "B11", "ts / 1000 cuts the milliseconds: ts / 1000.0"


TREE_RULES = [
    (exp.Identifier, identifiers),
    (exp.DataType, types),
    (exp.Cast, casts),
    (exp.Window, windows),
    (exp.Create, creates),
    (exp.Merge, merges),
    (exp.Insert | exp.Update | exp.Delete, changes),
    (exp.With, withs),
    (exp.Select, selects),
    (exp.Func, functions),
    (exp.Div, divisions),
    (exp.EQ | exp.NEQ | exp.GT | exp.GTE | exp.LT | exp.LTE, comparisons),
    (
        exp.RegexpLike
        | exp.RegexpILike
        | exp.RegexpExtract
        | exp.RegexpReplace
        | exp.RegexpCount
        | exp.RegexpInstr,
        regexes,
    ),
]
