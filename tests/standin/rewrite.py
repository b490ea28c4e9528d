"""Redshift's SQL as PostgreSQL reads it: token by token, the rest stays as sent.

Takes out what PostgreSQL has no word for (distribution, sort keys, encodings, late
binding) and remembers the keys; gives types Redshift's default sizes; spells functions
whose arguments PostgreSQL cannot parse. A full parser is not used for this: its
translation changes meaning.
"""

import re
from dataclasses import dataclass, field
from functools import lru_cache

from standin.queries import (
    ignoring_nulls,
    lateral_aliases,
    translate,
    without_alias,
)
from standin.sql_text import (
    NotEmulated,
    after,
    closing,
    relation,
    significant,
    split,
)

TEXT_TYPES = {"text", "varchar", "nvarchar"}
NUMBER_TYPES = {"numeric", "decimal"}
DATE_FUNCTIONS = {"dateadd", "datediff", "date_part"}


@dataclass
class Keys:
    """How a table is spread and sorted, as its DDL says it."""

    dist_style: str = "auto"
    dist_key: str | None = None
    sort_style: str = "auto"
    sort_keys: list[str] = field(default_factory=list)


@dataclass
class Rewritten:
    """What PostgreSQL gets; for CREATE TABLE also the relation and its keys."""

    sql: str
    verb: str
    relation: str = ""
    keys: Keys | None = None
    # Perhaps lateral aliases: only the server knows the tables' columns.
    asks: bool = False


@lru_cache(maxsize=4096)
def rewrite(sql: str, lateral: tuple[str, ...] = ()) -> Rewritten:
    """Translate one statement; raises NotEmulated.

    `lateral` names the aliases that stand for what the same select list says before.
    """
    # Redshift folds quoted identifiers too (DG r_names). White space shrinks: what
    # was between two tokens comes back as one space.
    tokens = [t.lower() if t.startswith('"') else t for t in significant(sql)]
    while tokens and tokens[-1] == ";":
        tokens.pop()
    for token in tokens:
        name = token.strip('"') if re.fullmatch(r'".*"|[^\W\d][\w$]*', token) else ""
        if len(name.encode()) > 63:
            raise NotEmulated(f"names longer than 63 bytes: {token}")
    words = [token.lower() for token in tokens]
    verb = words[0] if words else ""
    if {"select", "with"} & set(words):
        tokens = translate(tokens)
        for name in lateral:
            tokens = without_alias(tokens, name) or tokens
        words = [token.lower() for token in tokens]
    if verb in {"set", "show", "reset"}:
        tokens = ["standin.query_group" if w == "query_group" else w for w in tokens]
        if words[:2] == ["set", "search_path"]:
            tokens += [",", "standin", ",", "pg_catalog"]
        return Rewritten(" ".join(tokens), verb)
    if verb == "alter" and {"sortkey", "distkey", "diststyle", "encode"} & set(words):
        raise NotEmulated("ALTER TABLE of keys or encodings")
    start = after(words, 0, "create", ("or", "replace"), "temporary", "temp", "local")
    if verb == "create" and words[start : start + 1] == ["table"]:
        return create_table(tokens, words, start + 1)
    if verb == "create" and words[-4:] == ["with", "no", "schema", "binding"]:
        name, body = relation(tokens, start + 1)
        query = " ".join(expressions(tokens[body + 1 : -4]))
        call = f"perform standin.late_binding_view('{name}', $q${query}$q$, "
        call += f"{str('replace' in words[:start]).lower()});"
        return Rewritten(f"do $do$ begin {call} end $do$", "create view")
    if words[:2] == ["create", "user"] and words[-2:] == ["password", "disable"]:
        # Only IAM lets such a user in (DG r_CREATE_USER); here any password is right.
        return Rewritten(" ".join(tokens[:-2]), "create user")
    asks = verb in {"select", "with", "insert"} and lateral_aliases(tokens)
    return Rewritten(" ".join(expressions(tokens)), verb, asks=asks)


def create_table(tokens: list[str], words: list[str], at: int) -> Rewritten:
    """CREATE TABLE, by columns or AS a query; keys go into the result."""
    at = after(words, at, ("if", "not", "exists"))
    name, at = relation(tokens, at)
    keys = Keys()
    head = " ".join(tokens[:at])
    if tokens[at : at + 1] == ["("] and "as" not in words[closing(tokens, at) :]:
        end = closing(tokens, at)
        head += f" ({columns(tokens[at + 1 : end], keys)})"
        at = end + 1
    at = table_attributes(tokens, words, at, keys)
    rest = expressions(tokens[at:])
    if rest and rest[0].lower() != "as":
        raise NotEmulated(f"CREATE TABLE .. {rest[0]}")
    sql = " ".join([head, *rest])
    return Rewritten(sql, "create table", name, keys, lateral_aliases(rest))


def table_attributes(tokens: list[str], words: list[str], at: int, keys: Keys) -> int:
    """Read DISTSTYLE, DISTKEY, SORTKEY, BACKUP, ENCODE AUTO; the place behind."""
    while at < len(words) and words[at] != "as":
        if words[at] == "diststyle":
            keys.dist_style = words[at + 1]
            at += 2
        elif words[at] == "distkey":
            keys.dist_style, keys.dist_key = "key", tokens[at + 2].strip('"')
            at += 4
        elif words[at] in {"compound", "interleaved"}:
            keys.sort_style = words[at]
            at += 1
        elif words[at : at + 2] in (["sortkey", "auto"], ["encode", "auto"]):
            at += 2
        elif words[at] == "sortkey":
            end = closing(tokens, at + 1)
            keys.sort_keys = [
                part[0].strip('"') for part in split(tokens[at + 2 : end])
            ]
            if keys.sort_style == "auto":
                keys.sort_style = "compound"
            at = end + 1
        elif words[at] == "backup":
            at += 2
        else:
            raise NotEmulated(f"CREATE TABLE .. {tokens[at]}")
    return at


def columns(tokens: list[str], keys: Keys) -> str:
    """Column definitions with Redshift's sizes and without what it does not enforce.

    A primary key still makes its columns NOT NULL (DG r_CREATE_TABLE_NEW).
    """
    definitions: dict[str, list[str]] = {}
    required: set[str] = set()
    for part in split(tokens):
        words = [token.lower() for token in part]
        at = 2 if words[0] == "constraint" else 0
        if words[at] in {"primary", "unique", "foreign"}:
            if words[at] == "primary":
                listed = part[at + 3 : closing(part, at + 2)]
                required |= {column[0].strip('"') for column in split(listed)}
        elif words[0] == "like":
            definitions["like"] = part
        else:
            definitions[words[0].strip('"')] = column(part, words, keys)
    for name in required & set(definitions):
        definitions[name].append("not null")
    return ", ".join(" ".join(definition) for definition in definitions.values())


def column(part: list[str], words: list[str], keys: Keys) -> list[str]:
    """One column definition."""
    if len(part) < 2:
        raise NotEmulated(f"the column {part[0]} without a type")
    kept = expressions(part[:1]) + sized(part[1:])
    words = [token.lower() for token in kept]
    name = words[0].strip('"')
    result: list[str] = []
    at = 0
    while at < len(words):
        if words[at] == "encode":
            at += 2
        elif words[at] == "distkey":
            keys.dist_style, keys.dist_key = "key", name
            at += 1
        elif words[at] == "sortkey":
            keys.sort_style, keys.sort_keys = "compound", [name]
            at += 1
        elif words[at : at + 2] == ["primary", "key"]:
            result += ["not", "null"]
            at += 2
        elif words[at] == "unique":
            at += 1
        elif words[at] == "references":
            _, at = relation(kept, at + 1)
            at = closing(kept, at) + 1 if kept[at : at + 1] == ["("] else at
        else:
            result.append(kept[at])
            at += 1
    return result


def sized(tokens: list[str]) -> list[str]:
    """A type without a size gets Redshift's: 256 bytes, or (18, 0)."""
    words = [token.lower() for token in tokens]
    end = 2 if words[:2] == ["character", "varying"] else 1
    if tokens[end : end + 1] == ["("]:
        return expressions(tokens)
    if words[0] in TEXT_TYPES or end == 2:
        return ["varchar", "(", "256", ")", *tokens[end:]]
    return expressions(["::", *tokens])[1:]


def expressions(tokens: list[str]) -> list[str]:
    """Functions and types inside any statement."""
    result: list[str] = []
    at = 0
    while at < len(tokens):
        word = tokens[at].lower()
        opens = tokens[at + 1 : at + 2] == ["("]
        before = result[-1].lower() if result else ""
        if word in NUMBER_TYPES and not opens and before in {"::", "as"}:
            result += [word, "(", "18", ",", "0", ")"]
        elif word in {"varchar", "varying"} and [
            t.lower() for t in tokens[at + 1 : at + 4]
        ] == ["(", "max", ")"]:
            result += [word, "(", "65535", ")"]
            at += 3
        elif word == "sysdate" and before != ".":
            result.append("localtimestamp")
        elif word in FUNCTIONS and opens and before not in {".", "function"}:
            end = closing(tokens, at + 1)
            inner, end = function(word, tokens, at + 2, end)
            result += inner
            at = end
        else:
            result.append(tokens[at])
        at += 1
    return result


NULLS_FUNCTIONS = {"first_value", "last_value", "lag", "lead"}
FUNCTIONS = DATE_FUNCTIONS | NULLS_FUNCTIONS
FUNCTIONS |= {"nvl", "nvl2", "decode", "listagg", "extract"}


def function(
    name: str, tokens: list[str], start: int, end: int
) -> tuple[list[str], int]:
    """Spell one call, and say where it ends (LISTAGG has a clause behind it)."""
    inside = tokens[start:end]
    if name in DATE_FUNCTIONS and inside and re.match(r"\w", inside[0]):
        inside = [f"'{inside[0].lower()}'", *inside[1:]]
    if name == "extract" and len(inside) > 2 and "epoch" not in inside[0].lower():
        inside = [f"'{inside[0].strip(chr(39))}'", ",", *inside[2:]]
        name = "standin.extract_integer"
    elif name == "nvl":
        name = "coalesce"
    elif name == "nvl2":
        value, then, otherwise = [expressions(part) for part in split(inside)]
        test = ["(", "case", "when", *value, "is", "not", "null", "then", *then]
        return [*test, "else", *otherwise, "end", ")"], end
    elif name == "decode":
        return decode([expressions(part) for part in split(inside)]), end
    elif name in NULLS_FUNCTIONS:
        found = ignoring_nulls(name, tokens, inside, end)
        if found:
            return expressions(found[0]), found[1]
        words = [token.lower() for token in tokens[end + 1 : end + 3]]
        if words == ["respect", "nulls"]:
            return [name, "(", *expressions(inside), ")"], end + 2
    elif name == "listagg":
        clause = tokens[end + 1 : end + 4]
        name = "string_agg"
        if len(split(inside)) == 1:
            inside = [*inside, ",", "''"]
        if [word.lower() for word in clause] == ["within", "group", "("]:
            last = closing(tokens, end + 3)
            inside = [*inside, *tokens[end + 4 : last]]
            end = last
    return [name, "(", *expressions(inside), ")"], end


def decode(parts: list[list[str]]) -> list[str]:
    """DECODE(x, a, b, .., else): as CASE, where null equals null (DG r_DECODE)."""
    result = ["(", "case"]
    for at in range(1, len(parts) - 1, 2):
        result += ["when", *parts[0], "is not distinct from", *parts[at]]
        result += ["then", *parts[at + 1]]
    if len(parts) % 2 == 0:
        result += ["else", *parts[-1]]
    return [*result, "end", ")"]
