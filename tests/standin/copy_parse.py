"""COPY's own words (DG r_COPY): only the JSON form, from S3, by role."""

from collections.abc import Callable
from dataclasses import dataclass, field

from standin.sql_text import NotEmulated, closing, relation, significant

FLAGS = {"manifest", "gzip"}


@dataclass
class Copy:
    """One COPY; `columns` is empty where the statement names none."""

    relation: str = ""
    columns: list[str] = field(default_factory=list)
    source: str = ""
    role: str = ""
    json: str = ""
    time_format: str = ""
    max_error: int = 0
    region: str = ""
    manifest: bool = False
    gzip: bool = False


def parse_copy(sql: str) -> Copy:
    """Read one COPY statement; raises NotEmulated and names the option."""
    tokens = [token for token in significant(sql) if token != ";"]
    copy = Copy()
    copy.relation, at = relation(tokens, 1)
    if tokens[at : at + 1] == ["("]:
        end = closing(tokens, at)
        listed = tokens[at + 1 : end]
        copy.columns = [name.strip('"').lower() for name in listed if name != ","]
        at = end + 1
    copy.source = literal(tokens[at + 1])
    if not copy.source.startswith("s3://"):
        raise NotEmulated(f"COPY from {copy.source}")
    options(copy, tokens[at + 2 :])
    if not copy.json:
        raise NotEmulated("COPY of another format than JSON")
    if not copy.role:
        raise NotEmulated("COPY without IAM_ROLE")
    return copy


def options(copy: Copy, tokens: list[str]) -> None:
    """What follows the source: FORMAT and AS say nothing by themselves."""
    words = iter([t for t in tokens if t.lower() not in {"format", "as"}])
    for word in words:
        option = word.lower()
        if option in FLAGS:
            setattr(copy, option, True)
            continue
        value = next(words, "")
        if option in VALUES:
            name, read = VALUES[option]
            setattr(copy, name, read(value))
        elif option not in {"compupdate", "statupdate"} or value.lower() != "off":
            raise NotEmulated(f"COPY option {option.upper()} {value}")


def literal(token: str) -> str:
    if not token.startswith("'"):
        raise NotEmulated(f"COPY with {token}")
    return token[1:-1].replace("''", "'")


def role(token: str) -> str:
    return "default" if token.lower() == "default" else literal(token)


def time_format(token: str) -> str:
    """The names are case-sensitive (DG copy-parameters-data-conversion)."""
    name = literal(token)
    if name not in {"auto", "epochsecs", "epochmillisecs"}:
        raise NotEmulated(f"TIMEFORMAT '{name}'")
    return name


def count(token: str) -> int:
    if not token.isdigit() or int(token) > 100_000:
        raise NotEmulated(f"MAXERROR {token}: it is 0 to 100000")
    return int(token)


VALUES: dict[str, tuple[str, Callable[[str], str | int]]] = {
    "iam_role": ("role", role),
    "json": ("json", literal),
    "timeformat": ("time_format", time_format),
    "maxerror": ("max_error", count),
    "region": ("region", literal),
}
