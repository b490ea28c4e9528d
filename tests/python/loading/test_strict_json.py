"""RFC 8259 decides what is JSON, and the marts decide which values may load."""

import json
import random
import re
from typing import Any

from support.by_hand import WHITE_SPACE
from support.helpers import Sources, Warehouse, event

LINES = 8_000
WIDTHS = {"firstName": 256, "lastName": 256, "artist": 1024, "location": 1024}
WIDTHS |= {"song": 1024, "userAgent": 1024}
WHOLE = re.compile(r"-?[0-9]{1,18}")
# A number in place of a text, or of an id, and what an id must not look like.
ID_NUMBER = re.compile(r"0|-?[1-9][0-9]{0,17}")
TEXT_NUMBER = re.compile(ID_NUMBER.pattern + r"|-?(0|[1-9][0-9]{0,8})\.[0-9]{0,3}[1-9]")
FRACTION = re.compile(r"-?[0-9]+\.[0-9]+")
NUMBER = re.compile(r"-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?")
RANGES = {"length": (0, 99999), "registration": (0, 253402300799999)}
REQUIRED = ("itemInSession", "page", "sessionId", "ts")

# What a line may be changed to hold, at any place in it.
PIECES = [
    *("NaN", "Infinity", "-Infinity", "nan", "inf", "-inf", "null", "true", "1e300"),
    *(",", ",,", "}", "{", "[", "]", ":", '"', "\\", "'", " ", "\t", "//", "/**/"),
    *("\\u0000", "\\ud800", "\\udc00", "\\ud83d\\ude00", "\\u00e9", "\\x", "\\/"),
    *("\x01", "\x1f", "\x7f", "é", "\ufeff", "\u2028", "01", "+1", ".5", "1.", "0x1"),
    *('"page": "Home",', '"extra": {"a": 1, "a": 2},', '"extra": {"a": 1, "b": [2]},'),
    *('"extra": [NaN],', '"extra": [1,],', '"level": "",', '"ts": 1, '),
]


VALUES: list[Any] = [
    *(None, "", "x", 5, -5, 2.5, 1e300, 10**20, True, [], {}, "1", " 5 ", "1_0", "nan"),
    *(39.0, "39.0", "39\t", "\u00a0", " ", 4.6, -0.5, 1e-7, "4.60"),
    *("x" * 64, "x" * 65, "x" * 300, "x" * 1100, "free", "gold", "[a]"),
]


def mutated(rng: random.Random) -> str:
    """An event's line with a few changes, many of which break it."""
    given = event(rng.randrange(1_000_000), sessionId=rng.randrange(1_000_000))
    for _ in range(rng.randrange(3)):
        key = rng.choice(list(given))
        given[key] = rng.choice(VALUES)
    if rng.random() < 0.2:
        given = dict(sorted(given.items(), key=lambda _: rng.random()))
    line = json.dumps(
        given,
        ensure_ascii=rng.random() < 0.5,
        separators=rng.choice([None, (",", ":"), (" , ", " : ")]),
    )
    for _ in range(rng.randrange(3)):
        at = rng.choice([rng.randrange(len(line) + 1), max(len(line) - 1, 0)])
        action = rng.randrange(4)
        if action == 0:
            line = line[:at] + rng.choice(PIECES) + line[at:]
        elif action == 1:
            line = line[:at] + line[at + rng.randrange(1, 4) :]
        elif action == 2:
            value = rng.choice(PIECES).replace("\\", "\\\\")
            line = re.sub(r"(?<=: )[^,]+(?=, )", value, line, count=1)
        else:
            place = line.find(", ", at) + 2
            line = line[:place] + rng.choice(PIECES) + line[place:]
    return line


class Number(str):
    """A JSON number as it is written."""


class Repeated(dict[str, Any]):
    """An object with a key twice: refused as a line, left out under an unknown key."""


def is_good(line: str) -> bool:
    """What the load must say of a line, by Python's own strict parser."""

    def made_of(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(pairs)
        return made if len(made) == len(pairs) else Repeated(made)

    def refuse(constant: str) -> None:
        raise ValueError(constant)

    try:
        parsed = json.loads(
            line,
            object_pairs_hook=made_of,
            parse_constant=refuse,
            parse_int=Number,
            parse_float=Number,
        )
        json.dumps(parsed, ensure_ascii=False).encode()  # no half of a surrogate pair
    except (ValueError, RecursionError):
        return False
    return (
        type(parsed) is dict
        and "\0" not in "".join(map(str, (*parsed, *parsed.values())))
        and not re.search(r"(?<!\\)(\\\\)*\\u0000", line)
        and all(str(parsed.get(key) or "").strip(WHITE_SPACE) for key in REQUIRED)
        and all(_fits(key, parsed.get(key)) for key in event(0))
    )


def _fits(key: str, value: Any) -> bool:
    # A number in quotes counts, as COPY has it; an empty text is null.
    text = value if isinstance(value, str) else json.dumps(value)
    is_id = key == "userId"
    if value is None or (value == "" and key not in REQUIRED):
        fits = True
    elif key == "ts":
        fits = bool(WHOLE.fullmatch(text)) and 10**12 <= int(text) < 2 * 10**12
    elif key in RANGES:
        low, high = RANGES[key]
        fits = bool(NUMBER.fullmatch(text)) and low <= float(text) <= high
    elif key in ("itemInSession", "sessionId", "status"):
        fits = bool(WHOLE.fullmatch(text))
    elif key == "level":
        fits = value in ("free", "paid")
    elif isinstance(value, Number):
        fits = bool((ID_NUMBER if is_id else TEXT_NUMBER).fullmatch(value))
    elif is_id and FRACTION.fullmatch(text):
        fits = False
    else:
        fits = not isinstance(value, list | dict) and (
            len(str(value).encode()) <= WIDTHS.get(key, 64)
        )
    return fits


def test_no_line_is_judged_otherwise_than_by_a_strict_parser(
    warehouse: Warehouse, tmp_path: Any
) -> None:
    rng = random.Random(8259)
    written = [mutated(rng) for _ in range(LINES)]
    sources = Sources(tmp_path)
    sources.write(sources.events / "odd.json", "\n".join(written).encode())
    sources.write_songs("empty.json")
    loaded = warehouse.load(sources.data, max_errors=LINES)
    refused = {row[0] for row in warehouse.rows("select line from rejected_rows")}
    wanted = {
        number for number, line in enumerate(written, start=1) if not is_good(line)
    }
    wrong = sorted(refused ^ wanted)
    assert not wrong, (len(wrong), wrong[0] in refused, written[wrong[0] - 1])
    assert (loaded.rows, loaded.rejected) == (LINES - len(wanted), len(wanted))
    assert LINES / 5 < len(wanted) < LINES * 4 / 5

    # A line that looks plain is not examined further, unless another one does not.
    def plain(lines: list[str]) -> int:
        file = sources.write(tmp_path / "some.json", "\n".join(lines).encode())
        (found,) = warehouse._opened().query(
            "{% set columns = staging_columns('events') %}"
            "{% set documents %}select document, null as fault from"
            f" {{{{ duckdb__text_rows(sql_text('{file}'),"
            " \"{'document': 'varchar'}\", 5001000) }}{% endset %}"
            "select count(*) as count"
            " from ({{ duckdb__plain_rows(columns, documents) }})"
            " where {{ duckdb__mark(columns) }} <> ''"
        )
        return int(found["count"])

    bad = [written[number - 1] for number in wanted]
    assert plain(bad) == 0, next(line for line in bad if plain([line]))
    assert plain(written) > LINES / 20
