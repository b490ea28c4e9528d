"""What Redshift refuses or answers otherwise, found in SQL text without a database.

`check` reads Redshift SQL and says what is wrong and what to write instead. The ids
are stable: A and D for what Redshift refuses (D: DuckDB's idioms), B for what it
answers otherwise than PostgreSQL or DuckDB, F for functions, W for reserved words, L
for long names, P for what cannot be parsed. The sources are the pages of the Redshift
Database Developer Guide on unsupported PostgreSQL features, types and functions, and
of the statements named in the messages. sqlglot is the parser; it accepts nearly
everything that Redshift refuses.
"""

import logging
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise
from pathlib import Path
from typing import cast

import sqlglot
from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

# Its tree is all we want: what it has no tree for (LOCK, COPY) has rules of its own.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

HERE = Path(__file__).parent


def table(name: str) -> list[list[str]]:
    """The rows of a small text file beside this module; # begins a comment."""
    text = (HERE / f"{name}.txt").read_text(encoding="utf-8")
    return [line.split("\t") for line in text.splitlines() if line[0] != "#"]


FUNCTIONS = {name for (name,) in table("functions")}
RESERVED = {name.lower() for (name,) in table("reserved")}

# Reserved words that are expressions by themselves.
VALUES = {"sysdate", "user", "current_user", "session_user", "default", "current_date"}
# Words before a parenthesis that call nothing; types, and clauses that the list of
# reserved words does not have.
NO_CALL = {
    *("by", "values", "exists", "over", "filter", "set", "where", "having", "when"),
    *("within", "key", "into", "join", "distkey", "sortkey", "qualify", "try_cast"),
    *("varchar", "char", "character", "varying", "nvarchar", "nchar", "bpchar"),
    *("numeric", "decimal", "float", "varbyte", "varbinary", "timestamptz", "time"),
    *("timetz", "lateral", "returns", "insert", "between"),
}
# On these the stand-in itself answers as Redshift does: a lint, not a refusal.
LINT = {"B04", "B08", "B11", "B25", "B28", "B37", "B40", "B41"}

PATTERNS = [(rule, re.compile(regex), text) for rule, regex, text in table("patterns")]
INSTEAD = {name: (rule, text) for name, rule, text in table("instead")}

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
SYSTEM = re.compile(r"^(pg_|svv_|svl_|stl_|stv_|sys_)", re.I)

Finding = tuple[str, str]


def check(sql: str, *, nulls: bool = False) -> list[str]:
    """What Redshift would refuse or answer otherwise: "A01: what; what instead".

    `nulls` adds B02, ORDER BY .. DESC without NULLS FIRST or LAST, which DuckDB
    orders otherwise.
    """
    # sqlglot takes a driver's parameters ($1) for the start of a quoted text.
    sql = re.sub(r"\$\d+", "null", sql)
    if re.match(r"\s*create\b", sql, re.I):
        # It does not know these as attributes of a column.
        sql = re.sub(r"\b(dist|sort)key\b(?!\s*(\(|auto))", "", sql, flags=re.I)
    try:
        tokens = Redshift().tokenize(sql)
    except SqlglotError as error:
        return [f"P01: cannot be read: {first_line(error)}"]
    text = " ".join(word(sql, token) for token in tokens).rstrip(" ;")
    found = list(textual(text))
    if nulls and re.search(r"\bDESC\b(?! NULLS)", text):
        found.append(("B02", "ORDER BY .. DESC without NULLS FIRST or NULLS LAST"))
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="redshift") if tree]
    except SqlglotError as error:
        found.append(("P01", f"cannot be parsed: {first_line(error)}"))
        trees = []
    for tree in trees:
        found += structural(tree)
    found += calls(tokens, trees)
    system = bool(trees) and all(is_system(tree) for tree in trees)
    # dbt-redshift's own statements on the catalog have these.
    passed = {"B22", "B40"} if system else set()
    messages = [f"{rule}: {text}" for rule, text in found if rule not in passed]
    return sorted(set(messages))


@lru_cache(maxsize=4096)
def refusals(sql: str) -> list[str]:
    """What of `check` the stand-in must refuse, since it would answer otherwise."""
    return [message for message in check(sql) if message.split(":")[0] not in LINT]


def first_line(error: SqlglotError) -> str:
    return str(error).splitlines()[0]


def word(sql: str, token: Token) -> str:
    """A token as the patterns see it."""
    if token.token_type in {TokenType.STRING, TokenType.HEREDOC_STRING}:
        kept = sql[token.start : token.end + 1].strip("'")
        if token.token_type == TokenType.HEREDOC_STRING:
            kept = ""
        return "'" + re.sub(r"[^\w\\]", "_", kept).upper() + "'"
    if token.token_type == TokenType.IDENTIFIER:
        return re.sub(r"\W", "_", token.text).lower()
    return token.text.upper()


def textual(text: str) -> Iterator[Finding]:
    if re.search(r"\bBEGIN\b.* ; TRUNCATE\b", text):
        yield "B31", "TRUNCATE commits: DELETE"
    for statement in text.split(" ; "):
        for rule, regex, message in PATTERNS:
            if regex.search(statement):
                yield rule, message


def is_system(tree: exp.Expr) -> bool:
    """Whether a statement reads the catalog alone, as dbt-redshift does."""
    inside = {cte.alias for cte in tree.find_all(exp.CTE)}
    tables = [t for t in tree.find_all(exp.Table) if t.name not in inside]
    return bool(tables) and all(
        t.db in {"information_schema", "pg_catalog"}
        or SYSTEM.match(t.name or (t.this.name if t.this else ""))
        for t in tables
    )


def calls(tokens: list[Token], trees: list[exp.Expr]) -> Iterator[Finding]:
    """Names before a parenthesis that are no function of Redshift."""
    names = {
        node.name.lower()
        for tree in trees
        for node in tree.find_all(exp.Table, exp.TableAlias, exp.UserDefinedFunction)
        if isinstance(node.this, exp.Identifier | exp.Table)
    }
    names |= {node.alias.lower() for tree in trees for node in tree.find_all(exp.Table)}
    for token, following in pairwise(tokens):
        name = token.text.lower()
        if (
            following.token_type != TokenType.L_PAREN
            or token.token_type in {TokenType.STRING, TokenType.IDENTIFIER}
            or not name.replace("_", "a").isalnum()
            or name[0].isdigit()
            or name in FUNCTIONS | RESERVED | NO_CALL | names
        ):
            continue
        rule, instead = INSTEAD.get(name, ("F01", "use one that Redshift has"))
        yield rule, f"{name}() does not exist: {instead}"


def structural(tree: exp.Expr) -> Iterator[Finding]:
    """The rules that need the tree."""
    for node in tree.walk():
        for kind, rule in TREE_RULES:
            if isinstance(node, kind):
                yield from rule(node)


def identifiers(node: exp.Expr) -> Iterator[Finding]:
    name = cast("exp.Identifier", node).name
    if len(name.encode()) > 63:
        yield "L01", f"{name}: PostgreSQL cuts names at 63 bytes; use a shorter one"
    if node.args.get("quoted"):
        if name != name.lower():
            yield "B28", f'"{name}" becomes {name.lower()}: write it so'
        return
    column = node.parent if isinstance(node.parent, exp.Column) else None
    bare = column is not None and not column.table
    if name.lower() in RESERVED and not (
        (bare and name.lower() in VALUES) or (not bare and name.lower() == "oid")
    ):
        yield "W01", f"{name} is a reserved word: another name, or quotes"


def types(node: exp.Expr) -> Iterator[Finding]:
    kind = node.this
    if kind in NO_TYPES:
        yield NO_TYPES[kind]
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
        return
    if any(isinstance(item.this, exp.Literal) for item in order.expressions):
        yield "A16", "a constant in a window's ORDER BY: name a column"
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
    unequal = merge.args["on"].find(exp.NEQ, exp.GT, exp.GTE, exp.LT, exp.LTE, exp.Or)
    if merge.this.alias or any(w.args.get("condition") for w in whens) or unequal:
        yield "A42", "MERGE: no alias of the target, no AND, only = in ON"
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
]
