"""JSON text to the rows that PostgreSQL's COPY reads, as strict as Redshift's COPY.

Sources: DG copy-parameters-data-format, copy-usage_notes-copy-from-json and
copy-parameters-data-conversion; the codes are those of DG r_Load_Error_Reference.
"""

import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_DOWN, Decimal, InvalidOperation
from functools import partial
from typing import Any

from standin.copy_parse import Copy
from standin.sql_text import NotEmulated

OBJECT_LIMIT = 4 * 1024 * 1024  # bytes
SPACE = re.compile(r"[ \t\r\n]*")
ESCAPES = str.maketrans({"\\": "\\\\", "\n": "\\n", "\t": "\\t", "\r": "\\r"})
SPECIAL = re.compile(r"[\\\n\t\r]")
FLOAT = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?")
INTEGERS = {"smallint": 15, "integer": 31, "bigint": 63}
BOOLEANS = dict.fromkeys(["true", "t", "1", "yes", "y"], "t") | dict.fromkeys(
    ["false", "f", "0", "no", "n"], "f"
)
PATH_STEP = re.compile(r"\.(\w+)|\['([^']+)'\]|\[(\d+)\]")


class Number(str):
    """A JSON number as it is written: COPY converts from text."""


class BadValue(Exception):
    """A value, or a whole object, that COPY refuses."""

    def __init__(self, code: int, message: str) -> None:
        self.code = code
        super().__init__(message)


@dataclass
class Column:
    """A column of the target; `size` is bytes of text, or a numeric's typmod."""

    name: str
    type: str
    size: int
    required: bool


@dataclass
class BadRow:
    """What sys_load_error_detail says of one refused object."""

    line: int
    column: Column | None
    error: BadValue
    raw: str
    value: str


Converter = Callable[[str], str]
Getter = Callable[[Any], Any]


def no_constant(name: str) -> None:
    raise ValueError(f"{name} is no JSON")


DECODER = json.JSONDecoder(
    parse_int=Number, parse_float=Number, parse_constant=no_constant
)


def rows(
    data: bytes, columns: list[Column], getters: list[Getter], copy: Copy
) -> Iterator[str | BadRow]:
    """The lines of one file for PostgreSQL's COPY, or what is wrong with an object.

    Objects are separated by white space and nothing else.
    """
    text = data.decode("utf-8", "surrogateescape")
    convert = [
        (column, get, converter(column, copy))
        for column, get in zip(columns, getters, strict=True)
    ]
    large = len(data) > OBJECT_LIMIT
    folded = copy.json == "auto ignorecase"
    at = SPACE.match(text).end()  # type: ignore[union-attr]
    while at < len(text):
        start = at
        column: Column | None = None
        value: Any = None
        try:
            if text[start] not in "{[":
                at = next_object(text, start)
                raise BadValue(1216, "Expected a JSON object")
            try:
                document, at = DECODER.raw_decode(text, start)
            except (ValueError, RecursionError):
                at = next_object(text, start)
                raise BadValue(1216, "Invalid JSON object") from None
            if large and len(text[start:at].encode(errors="replace")) > OBJECT_LIMIT:
                raise BadValue(1216, "JSON object is larger than 4 MB")
            if folded and isinstance(document, dict):
                document = {key.lower(): item for key, item in document.items()}
            fields: list[str] = []
            for column, get, function in convert:
                value = get(document)
                if not isinstance(value, str | None):
                    value = as_text(value)
                fields.append("\\N" if value is None else function(value))
                if column.required and fields[-1] == "\\N":
                    raise BadValue(1213, "Missing data for not-null field")
            yield "\t".join(fields) + "\n"
        except BadValue as error:
            raw = text[start:at].strip()
            line = text.count("\n", 0, start + len(text[start:at].rstrip())) + 1
            yield BadRow(line, column, error, raw, "" if value is None else str(value))
        at = SPACE.match(text, at).end()  # type: ignore[union-attr]


def next_object(text: str, at: int) -> int:
    """Where to go on after what is no object: one error per instance."""
    pattern = r"\n\s*(?=\{)" if text[at] in "{[" else r"(?=\{)"
    found = re.compile(pattern).search(text, at + 1)
    return found.end() if found else len(text)


def as_text(value: Any) -> str:
    """What is not text: true and false by name, nested values as their JSON."""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, dict):
        inside = (f"{json.dumps(k)}:{as_json(v)}" for k, v in value.items())
        return "{" + ",".join(inside) + "}"
    return "[" + ",".join(as_json(item) for item in value) + "]"


def as_json(value: Any) -> str:
    if isinstance(value, Number):
        return value
    if value is None or isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    return as_text(value)


def converter(column: Column, copy: Copy) -> Converter:
    """How text becomes a value of the column's type; raises NotEmulated."""
    if column.type in {"character varying", "text"}:
        return text_converter(column.size)
    others: dict[str, Converter] = {
        **{name: partial(integer, bits=bits) for name, bits in INTEGERS.items()},
        "double precision": floating,
        "real": floating,
        "numeric": partial(numeric, typmod=column.size),
        "boolean": boolean,
        "date": day,
        "timestamp without time zone": partial(timestamp, time_format=copy.time_format),
    }
    if column.type not in others:
        raise NotEmulated(f"COPY into a column of type {column.type}")
    return or_null(others[column.type])


def or_null(function: Converter) -> Converter:
    """Blank is null for every type but text."""

    def convert(text: str) -> str:
        text = text.strip()
        return function(text) if text else "\\N"

    return convert


def text_converter(size: int) -> Converter:
    def convert(text: str) -> str:
        try:
            length = len(text) if text.isascii() else len(text.encode())
        except UnicodeEncodeError:
            raise BadValue(
                1220, "String contains invalid or unsupported UTF8 codepoints"
            ) from None
        if length > size:
            raise BadValue(1204, "String length exceeds DDL length")
        if "\0" in text:
            raise BadValue(1214, "Invalid null byte - field longer than 1 byte")
        return text.translate(ESCAPES) if SPECIAL.search(text) else text

    return convert


def integer(text: str, bits: int) -> str:
    digits = text[1:] if text[0] in "+-" else text
    if not (digits.isascii() and digits.isdigit()):
        wrong = next((c for c in digits if c not in "0123456789"), "")
        raise BadValue(
            1207, f"Invalid digit, Value '{wrong}', Pos {text.find(wrong)}, Type: Long"
        )
    if not -(1 << bits) <= int(text) < 1 << bits:
        raise BadValue(1204, "Overflow for the column's type")
    return text


def floating(text: str) -> str:
    if not FLOAT.fullmatch(text):
        raise BadValue(1208, "Invalid value for a floating point column")
    return text


def numeric(text: str, typmod: int) -> str:
    """Extra scale is cut, not rounded, unless ROUNDEC is given."""
    precision, scale = (typmod - 4) >> 16, (typmod - 4) & 0xFFFF
    try:
        value = Decimal(text).quantize(Decimal(1).scaleb(-scale), ROUND_DOWN)
    except InvalidOperation:
        raise BadValue(1209, "Invalid value for a decimal column") from None
    if not value.is_finite() or abs(value) >= Decimal(10) ** (precision - scale):
        raise BadValue(1209, "Overflow for the column's type")
    return str(value)


def boolean(text: str) -> str:
    if text.lower() not in BOOLEANS:
        raise BadValue(1210, "Invalid value for a boolean column")
    return BOOLEANS[text.lower()]


def day(text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise BadValue(1205, "Invalid Date Format - length must be 10") from None


def timestamp(text: str, time_format: str) -> str:
    """Epochs need TIMEFORMAT: 'auto' does not know them."""
    try:
        if time_format.startswith("epoch"):
            unit = 1000 if time_format == "epochmillisecs" else 1_000_000
            passed = timedelta(microseconds=int(Decimal(text) * unit))
            return (datetime(1970, 1, 1) + passed).isoformat(" ")
        return datetime.fromisoformat(text).replace(tzinfo=None).isoformat(" ")
    except (ValueError, OverflowError, InvalidOperation):
        raise BadValue(
            1206, "Invalid timestamp format or value [YYYY-MM-DD HH24:MI:SS]"
        ) from None


def getters(names: list[str], paths: list[str] | None) -> list[Getter]:
    """How to find each column's value in a document."""
    if paths is None:
        return [key_getter(name) for name in names]
    return [path_getter(path) for path in paths]


def key_getter(name: str) -> Getter:
    def get(document: Any) -> Any:
        if not isinstance(document, dict):
            raise BadValue(1216, "An array needs a JSONPaths file")
        return document.get(name)

    return get


def path_getter(path: str) -> Getter:
    """$.a.b, $['a']['b'] and indexes; no wildcards, no mixture of the two forms."""
    steps = [match.groups() for match in PATH_STEP.finditer(path)]
    whole = "$" + "".join(match.group() for match in PATH_STEP.finditer(path))
    mixed = any(step[0] for step in steps) and any(step[1] for step in steps)
    if not steps or whole != path or mixed:
        raise NotEmulated(f"the JSONPath {path}")
    keys: list[str | int] = [int(i) if i else dot or key for dot, key, i in steps]

    def get(document: Any) -> Any:
        for key in keys:
            if isinstance(key, str) and isinstance(document, dict):
                document = document.get(key)
            elif isinstance(key, int) and isinstance(document, list):
                document = document[key] if key < len(document) else None
            else:
                return None
        return document

    return get
