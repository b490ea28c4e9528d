"""COPY's own words (DG r_COPY): only the JSON form, from S3, by role."""

from dataclasses import dataclass, field

from standin.rewrite import NotEmulated, closing, relation, significant

FLAGS = {
    "manifest": "manifest",
    "gzip": "gzip",
    "truncatecolumns": "truncate_columns",
    "emptyasnull": "empty_as_null",
    "blanksasnull": "blanks_as_null",
}
TIME_FORMATS = {"auto", "epochsecs", "epochmillisecs"}


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
    truncate_columns: bool = False
    empty_as_null: bool = False
    blanks_as_null: bool = False


def parse_copy(sql: str) -> Copy:
    """Read one COPY statement; raises NotEmulated and names the option."""
    tokens = [token for token in significant(sql) if token != ";"]
    words = [token.lower() for token in tokens]
    copy = Copy()
    copy.relation, at = relation(tokens, 1)
    if tokens[at : at + 1] == ["("]:
        end = closing(tokens, at)
        listed = tokens[at + 1 : end]
        copy.columns = [name.strip('"').lower() for name in listed if name != ","]
        at = end + 1
    if words[at : at + 1] != ["from"]:
        raise NotEmulated("COPY without FROM")
    copy.source = literal(tokens[at + 1])
    if not copy.source.startswith("s3://"):
        raise NotEmulated(f"COPY from {copy.source}")
    at += 2
    while at < len(tokens):
        word = words[at]
        at += 1
        if word in FLAGS:
            setattr(copy, FLAGS[word], True)
            continue
        while words[at : at + 1] in (["as"], ["json"]):
            word = "json" if words[at] == "json" else word
            at += 1
        if at >= len(tokens):
            raise NotEmulated(f"COPY option {word.upper()}")
        value = tokens[at]
        at += 1
        if word == "iam_role":
            copy.role = "default" if value.lower() == "default" else literal(value)
        elif word == "json":
            copy.json = literal(value)
        elif word == "timeformat" and literal(value) in TIME_FORMATS:
            copy.time_format = literal(value)
        elif word == "maxerror" and value.isdigit() and int(value) <= 100_000:
            copy.max_error = int(value)
        elif word == "region":
            copy.region = literal(value)
        elif word in {"compupdate", "statupdate"} and value.lower() == "off":
            pass
        else:
            raise NotEmulated(f"COPY option {word.upper()} {value}")
    if not copy.json:
        raise NotEmulated("COPY of another format than JSON")
    if not copy.role:
        raise NotEmulated("COPY without IAM_ROLE")
    return copy


def literal(token: str) -> str:
    if not token.startswith("'"):
        raise NotEmulated(f"COPY with {token}")
    return token[1:-1].replace("''", "'")
