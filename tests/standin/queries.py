"""What Redshift's SELECT has and PostgreSQL's does not: TOP, QUALIFY, lateral aliases.

All work on the tokens of one statement (`rewrite`), in every query inside it.
"""

from standin.sql_text import NotEmulated, closing, split

# What ends the select list, or the whole query, when it comes outside parentheses.
CLAUSES = {"from", "where", "group", "having", "qualify", "order", "limit", "offset"}
SET_OPERATORS = {"union", "except", "intersect", "minus"}
KEEP = "standin_keep"


def find(tokens: list[str], at: int, words: set[str]) -> int:
    """The first of some words from `at` on in the same query, or the query's end."""
    depth = 0
    for place in range(at, len(tokens)):
        token = tokens[place].lower()
        if depth == 0 and (token == ")" or token in words | SET_OPERATORS):
            return place
        depth += (token == "(") - (token == ")")
    return len(tokens)


def selects(tokens: list[str]) -> list[int]:
    """Where queries begin, the last one first: a change leaves the places before."""
    return [
        place
        for place in reversed(range(len(tokens)))
        if tokens[place].lower() == "select"
    ]


def select_list(tokens: list[str], at: int) -> tuple[int, int]:
    """Where the list of the SELECT at `at` begins and ends."""
    start = at + 1
    while start < len(tokens) and tokens[start].lower() in {"all", "distinct"}:
        start += 1
    return start, find(tokens, start, CLAUSES)


def translate(tokens: list[str]) -> list[str]:
    """The statement as PostgreSQL knows it, lateral aliases apart."""
    words = {token.lower() for token in tokens}
    if "approximate" in words:
        tokens = [
            token
            for token, following in zip(tokens, [*tokens[1:], ""], strict=True)
            if token.lower() != "approximate"
            or following.lower() not in {"count", "percentile_disc"}
        ]
    if "top" in words:
        tokens = tops(tokens)
    if "qualify" in words:
        tokens = qualifies(tokens)
    return tokens


def tops(tokens: list[str]) -> list[str]:
    """SELECT TOP n .. as SELECT .. LIMIT n."""
    for at in selects(tokens):
        start, _ = select_list(tokens, at)
        is_top = tokens[start : start + 1] and tokens[start].lower() == "top"
        if not is_top or not tokens[start + 1].isdigit():
            continue
        end = find(tokens, start, set())
        if tokens[end : end + 1] and tokens[end] != ")":
            raise NotEmulated("TOP in a part of a set operation")
        limit = ["limit", tokens[start + 1]]
        tokens = [*tokens[:start], *tokens[start + 2 : end], *limit, *tokens[end:]]
    return tokens


def qualifies(tokens: list[str]) -> list[str]:
    """.. QUALIFY x as a query around it that keeps the rows where x is true."""
    for select in selects(tokens):
        start, end = select_list(tokens, select)
        at = find(tokens, end, {"qualify"})
        if at == len(tokens) or tokens[at].lower() != "qualify":
            continue
        if tokens[start - 1].lower() == "distinct":
            raise NotEmulated("SELECT DISTINCT .. QUALIFY")
        stop = find(tokens, at + 1, {"order", "limit", "offset"})
        listed, middle = tokens[start:end], tokens[end:at]
        condition = tokens[at + 1 : stop]
        for name, value in aliases(listed).items():
            condition = replaced(condition, name, value)
        outer, inner = columns(listed, middle)
        query = ["select", *inner, ",", "(", *condition, ")", "as", KEEP, *middle]
        tokens = [
            *tokens[:start],
            *(*outer, "from", "(", *query, ")", "as", "standin_rows", "where", KEEP),
            *tokens[stop:],
        ]
    return tokens


def columns(listed: list[str], middle: list[str]) -> tuple[list[str], list[str]]:
    """The select lists of the query around and of the one inside."""
    if listed[-1] == "*":
        tables = middle[1 : find(middle, 1, CLAUSES)]
        several = "," in tables or "join" in {token.lower() for token in tables}
        if len(listed) not in (1, 3) or (len(listed) == 1 and several):
            raise NotEmulated("QUALIFY with * and other columns, or of several tables")
        alias = tables[-1] if len(listed) == 1 else listed[0]
        return ["(", "standin_row", ")", ".", "*"], [alias, "as", "standin_row"]
    names: list[str] = []
    for part in split(listed):
        is_name = part[-1].replace("_", "a").strip('"').isalnum()
        if not is_name or (len(part) > 1 and part[-2].lower() not in {".", "as"}):
            raise NotEmulated("QUALIFY with a column that has no name: add AS")
        names += [",", part[-1]] if names else [part[-1]]
    return names, listed


def aliases(listed: list[str]) -> dict[str, list[str]]:
    """The names that a select list gives, and what each stands for."""
    return {
        part[-1].lower(): part[:-2]
        for part in split(listed)
        if len(part) > 2 and part[-2].lower() == "as"
    }


def replaced(tokens: list[str], name: str, value: list[str]) -> list[str]:
    """Tokens in which a bare name became what it stands for."""
    result: list[str] = []
    for place, token in enumerate(tokens):
        before = tokens[place - 1].lower() if place else ""
        after = tokens[place + 1] if place + 1 < len(tokens) else ""
        bare = before not in {".", "as"} and after not in {".", "("}
        is_it = token.lower() == name and bare
        result += ["(", *value, ")"] if is_it else [token]
    return result


def lateral_aliases(tokens: list[str]) -> bool:
    """Whether a name that a select list gives comes again in it, maybe as an alias."""
    for at in selects(tokens):
        start, end = select_list(tokens, at)
        named: set[str] = set()
        for part in split(tokens[start:end]):
            if named & {token.lower() for token in part}:
                return True
            named |= set(aliases(part))
    return False


def without_alias(tokens: list[str], name: str) -> list[str] | None:
    """The statement without a lateral alias (DG r_SELECT_list); None if not there.

    Only a name that no table has is one: the caller asks the server first.
    """
    for at in selects(tokens):
        start, end = select_list(tokens, at)
        parts = split(tokens[start:end])
        for place, part in enumerate(parts):
            value = aliases(part).get(name)
            later = parts[place + 1 :]
            if value is None or not later:
                continue
            changed = [replaced(each, name, value) for each in later]
            if changed != later:
                new = [*parts[: place + 1], *changed]
                listed = [token for each in new for token in (",", *each)][1:]
                return [*tokens[:start], *listed, *tokens[end:]]
    return None


def ignoring_nulls(
    name: str, tokens: list[str], inside: list[str], end: int
) -> tuple[list[str], int] | None:
    """FIRST_VALUE, LAST_VALUE, LAG or LEAD .. IGNORE NULLS; None for another call."""
    words = [token.lower() for token in tokens[end + 1 : end + 4]]
    if [token.lower() for token in inside[-2:]] == ["ignore", "nulls"]:
        inside, at = inside[:-2], end + 1
    elif words[:2] == ["ignore", "nulls"]:
        at = end + 3
    else:
        return None
    parts = split(inside)
    if len(parts) > 1 and (name in {"first_value", "last_value"} or parts[1] != ["1"]):
        raise NotEmulated(f"{name} with an offset IGNORE NULLS")
    known = "first" if name in {"first_value", "lead"} else "last"
    frame: list[str] = []
    if name == "lag":
        frame = ["rows", "between", "unbounded", "preceding", "and", "1", "preceding"]
    elif name == "lead":
        frame = ["rows", "between", "1", "following", "and", "unbounded", "following"]
    last = closing(tokens, at + 1)
    window = ["over", "(", *tokens[at + 2 : last], *frame, ")"]
    return [f"standin.{known}_known", "(", *parts[0], ")", *window], last
