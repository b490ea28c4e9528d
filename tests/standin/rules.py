"""Find in SQL text what Redshift refuses or answers differently; no database needed.

`check` reads Redshift SQL and says what is wrong and what to write instead. The ids
are stable: A, E and D for what Redshift refuses (D: DuckDB's idioms), B for what it
answers differently from PostgreSQL or DuckDB, F for functions, W for reserved words, L
for long names, P for what cannot be parsed. `pages.txt` names the page of the Redshift
Database Developer Guide behind each. sqlglot is the parser; it accepts nearly
everything that Redshift refuses.
"""

import logging
import re
from collections.abc import Iterator
from functools import lru_cache
from itertools import pairwise

import sqlglot
from sqlglot import exp
from sqlglot.dialects.redshift import Redshift
from sqlglot.errors import SqlglotError
from sqlglot.tokenizer_core import Token, TokenType

from standin.tables import RESERVED, table
from standin.tree_rules import Finding, structural

# Its tree is all we want: what it has no tree for (LOCK, COPY) has rules of its own.
logging.getLogger("sqlglot").setLevel(logging.ERROR)

FUNCTIONS = {name for name, *_ in table("functions")}
MISSING = {name for name, *mark in table("functions") if mark}

# Words before a parenthesis that call nothing; types, and clauses that the list of
# reserved words does not have.
NO_CALL = {
    *("by", "values", "exists", "over", "filter", "set", "where", "having", "when"),
    *("within", "key", "into", "join", "distkey", "sortkey", "qualify", "try_cast"),
    *("exclude", "pivot", "unpivot"),
    *("varchar", "char", "character", "varying", "nvarchar", "nchar", "bpchar"),
    *("numeric", "decimal", "float", "varbyte", "varbinary", "timestamptz", "time"),
    *("timetz", "lateral", "returns", "insert", "between", "rollup", "cube", "sets"),
}
# On these the stand-in itself answers as Redshift does: a lint, not a refusal.
LINT = {"B02", "B04", "B08", "B11", "B22", "B25", "B28", "B37", "B40", "B41"}

PATTERNS = [(rule, re.compile(regex), text) for rule, regex, text in table("patterns")]
INSTEAD = {name: (rule, text) for name, rule, text in table("instead")}
GAPS = [(name, re.compile(regex)) for name, regex in table("gaps")]
PAGES = {
    rule: f"{page}, {read}"
    for page, read, rules in table("pages")
    for rule in rules.split()
}

# What runs on the leader node alone: never together with a table of rows.
LEADER_FUNCTIONS = {
    *("current_schema", "current_schemas", "has_database_privilege"),
    *("has_schema_privilege", "has_table_privilege", "substr", "factorial"),
}
LEADER_VALUES = re.compile(
    r"(?<!\. )(?<!\bAS )\b(CURRENT_TIME|CURRENT_TIMESTAMP|LOCALTIME|LOCALTIMESTAMP)\b"
)
LEADER_SCHEMAS = {"information_schema", "pg_catalog"}
ON_LATE_VIEW = (
    "E12",
    "a late-binding view's columns take no comment: COMMENT ON VIEW",
)
EXPLAIN = re.compile(
    r"^(\s|/\*.*?\*/)*explain\s+(verbose\s+)?(?!analy|\()", re.I | re.S
)
SYSTEM = re.compile(r"^(pg_|svv_|svl_|stl_|stv_|sys_)", re.I)

IN_TRANSACTION = (
    "E11",
    "ALTER COLUMN .. TYPE cannot run in a transaction: commit first",
)


def check(sql: str, *, nulls: bool = False) -> list[str]:
    """What Redshift would refuse or answer otherwise: "A01: what: what instead".

    Each message ends with its page of the Developer Guide and the month or year of our
    copy of it. `nulls` adds B02, ORDER BY .. DESC without NULLS FIRST or LAST, which
    DuckDB orders differently.
    """
    return [text for text in findings(sql)[1] if nulls or text[:3] != "B02"]


@lru_cache(maxsize=4096)
def findings(sql: str) -> tuple[str, list[str]]:
    """What the stand-in does not emulate, or nothing; and the messages of `check`.

    Inside, a finding without a rule is such a gap.
    """
    # sqlglot takes a driver's parameters ($1) for the start of a quoted text.
    sql = re.sub(r"\$\d+", "null", sql)
    sql = EXPLAIN.sub("", sql)
    if re.match(r"\s*create\b", sql, re.I):
        # It does not know these as attributes of a column.
        sql = re.sub(r"\b(dist|sort)key\b(?!\s*(\(|auto))", "", sql, flags=re.I)
    try:
        tokens = Redshift().tokenize(sql)
    except SqlglotError as error:
        return "", [told("P01", f"cannot be read: {first_line(error)}")]
    text = " ".join(
        # sqlglot reads LOCK and EXPLAIN as one word and a text.
        token.text.upper()
        if before in {TokenType.LOCK, TokenType.COMMAND, TokenType.SHOW}
        else word(sql, token)
        for before, token in zip([None, *kinds(tokens)], tokens, strict=False)
    ).rstrip(" ;")
    found = [("", name) for name, regex in GAPS if regex.search(text)]
    found += textual(text)
    try:
        trees = [tree for tree in sqlglot.parse(sql, read="redshift") if tree]
    except SqlglotError as error:
        if "" not in dict(found):
            found.append(("P01", f"cannot be parsed: {first_line(error)}"))
        trees = []
    called = {
        token.text.lower()
        for token, following in pairwise(tokens)
        if following.token_type == TokenType.L_PAREN
    }
    values = {name.lower() for name in LEADER_VALUES.findall(text)}
    for tree in trees:
        found += structural(tree)
        found += leader_only(tree, called & LEADER_FUNCTIONS, values)
    found += calls(tokens, trees)
    system = bool(trees) and all(is_system(tree) for tree in trees)
    # dbt-redshift's own statements on the catalog have these.
    passed = {"", "B02", "B22", "B40"} if system else {""}
    gap = next((text for rule, text in found if not rule), "")
    return gap, sorted({told(rule, text) for rule, text in found if rule not in passed})


def kinds(tokens: list[Token]) -> list[TokenType]:
    return [token.token_type for token in tokens]


def told(rule: str, text: str) -> str:
    """One finding as a line, with its page of the Developer Guide."""
    return f"{rule}: {text} (DG {PAGES[rule]})"


def refusal(sql: str) -> str:
    """Why the stand-in must not answer: a gap of its own, or what Redshift refuses."""
    gap, messages = findings(sql)
    if gap:
        return f"not emulated: {gap}"
    refused = [text for text in messages if text.split(":")[0] not in LINT]
    return f"refused: {'; '.join(refused)}" if refused else ""


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
    if re.search(r"\bBEGIN\b.* ; ALTER TABLE \S+ ALTER \S.* TYPE\b", text):
        yield IN_TRANSACTION
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


def leader_only(
    tree: exp.Expr, called: set[str], values: set[str]
) -> Iterator[Finding]:
    """Functions and catalogs of the leader node beside tables that hold rows."""
    inside = {cte.alias for cte in tree.find_all(exp.CTE)}
    rows, catalog = set(), set()
    for node in tree.find_all(exp.Table):
        name = (node.name or (node.this.name if node.this else "")).lower()
        if node.db in LEADER_SCHEMAS or name.startswith("pg_"):
            catalog.add(f"{node.db}.{name}".strip("."))
        elif name and name not in inside and not name.startswith("svv_"):
            rows.add(name)
            called |= values if node.find_ancestor(exp.From, exp.Join) else set()
    view = isinstance(tree, exp.Create) and tree.kind == "VIEW"
    if rows and not view:
        for name in sorted(catalog | called):
            yield "E01", f"{name} is on the leader node only: a query of its own"


def calls(tokens: list[Token], trees: list[exp.Expr]) -> Iterator[Finding]:
    """Names before a parenthesis: no function of Redshift, or one not emulated."""
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
            or name in NO_CALL | names
        ):
            continue
        if name in MISSING or name.startswith("st_"):
            yield "", f"{name}()"
        elif name not in FUNCTIONS | RESERVED:
            rule, instead = INSTEAD.get(name, ("F01", "use one that Redshift has"))
            yield rule, f"{name}() does not exist: {instead}"
