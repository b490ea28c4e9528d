"""A statement's tokens, and where things are among them."""

import re

TOKEN = re.compile(
    r"""--[^\n]* | /\*.*?\*/ | [eE]?'(?:[^'\\]|\\.|'')*'
    | "(?:[^"]|"")*" | \$(\w*)\$.*?\$\1\$ | \$\d+ | [^\W\d][\w$]*
    | (?:\d+\.?\d*|\.\d+)(?:[eE][+-]?\d+)? | \s+ | ::
    | (?:(?!--|/\*)[<>=!~|+\-*/%&^@\#?])+ | .""",
    re.S | re.X,
)


class NotEmulated(Exception):
    """The stand-in does not know this; the text names it."""

    def __str__(self) -> str:
        return f"[stand-in] not emulated: {self.args[0]}"


def significant(sql: str) -> list[str]:
    """The tokens without white space and comments."""
    found = [match.group() for match in TOKEN.finditer(sql)]
    return [t for t in found if not t.isspace() and not t.startswith(("--", "/*"))]


def after(words: list[str], at: int, *optional: str | tuple[str, ...]) -> int:
    """The place behind those of `optional` that are there, in any order."""
    moved = True
    while moved:
        moved = False
        for option in optional:
            wanted = [option] if isinstance(option, str) else list(option)
            if words[at : at + len(wanted)] == wanted:
                at += len(wanted)
                moved = True
    return at


def relation(tokens: list[str], at: int) -> tuple[str, int]:
    """The dotted name at `at`, and the place behind it."""
    end = at + 1
    while end + 1 < len(tokens) and tokens[end] == ".":
        end += 2
    return "".join(tokens[at:end]), end


def closing(tokens: list[str], at: int) -> int:
    """The place of the parenthesis that closes the one at `at`."""
    depth = 0
    for place in range(at, len(tokens)):
        depth += (tokens[place] == "(") - (tokens[place] == ")")
        if depth == 0:
            return place
    raise NotEmulated("a parenthesis that is not closed")


def split(tokens: list[str]) -> list[list[str]]:
    """The parts between commas that are in no parentheses."""
    parts: list[list[str]] = [[]]
    depth = 0
    for token in tokens:
        depth += (token in "([") - (token in ")]")
        if token == "," and depth == 0:
            parts.append([])
        else:
            parts[-1].append(token)
    return parts
