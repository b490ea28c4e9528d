"""The settings file, `warehouse.toml`: where the data is, what the cluster is like."""

import os
import tomllib
from dataclasses import dataclass, field, fields, replace
from pathlib import Path
from typing import Any

from common.errors import Refused
from common.s3_address import is_s3

PROJECT = Path(__file__).resolve().parents[2]
# The keys of [cluster] that only one kind has.
OF_KIND = {
    "serverless": ("rpu", "rpu_max", "rpu_hours_a_day", "subnets"),
    "provisioned": ("node_type", "nodes", "pause_at", "subnet_group"),
}


@dataclass(frozen=True)
class Data:
    """Where the files are: folders, or s3:// prefixes."""

    events: str = "data/sample/log_data"
    songs: str = "data/sample/song_data"
    manifests: str = ""
    role: str = "default"
    kms_key: str = ""
    region: str = "us-west-2"
    system_view_seconds: int = 60


@dataclass(frozen=True)
class Cluster:
    """What `warehouse.py up` makes; `OF_KIND` says which keys count."""

    kind: str = "serverless"
    name: str = "sparkify"
    region: str = "us-west-2"
    rpu: int = 8
    rpu_max: int = 8
    rpu_hours_a_day: int = 16
    subnets: list[str] = field(default_factory=list)
    node_type: str = "ra3.large"
    nodes: int = 1
    database: str = "sparkify"
    port: int = 5439
    allow_cidrs: list[str] = field(default_factory=list)
    allow_wide_cidrs: bool = False
    pause_at: str = "20:00"
    subnet_group: str = ""
    public: bool = True


@dataclass(frozen=True)
class Settings:
    """The whole file; a table or a key that is left out keeps its default."""

    data: Data = field(default_factory=Data)
    cluster: Cluster = field(default_factory=Cluster)


def read_settings(path: Path) -> Settings:
    """Read a settings file; raises Refused, which names what is wrong in it."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(
            f"{path}: {error.strerror}; name a settings file with --config"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError, RecursionError) as error:
        raise Refused(f"{path}: not valid TOML: {error}; correct the file") from None
    tables: dict[str, type[Data] | type[Cluster]] = {"data": Data, "cluster": Cluster}
    for name in document:
        if name not in tables:
            raise Refused(
                f"{path}: unknown table [{name}]; there is {', '.join(tables)}"
            )
    return Settings(
        **{name: _table(path, document, name, kind) for name, kind in tables.items()}
    )


def located(data: Data, events: str | None, songs: str | None) -> Data:
    """Where to load from: an option counts from here, a setting from the project.

    Raises Refused for an empty one, which would be the whole folder.
    """

    def place(name: str, option: str | None, setting: str) -> str:
        uri, base = (setting, PROJECT) if option is None else (option, Path.cwd())
        if not uri.strip():
            raise Refused(
                f"{name} is empty; name a folder or an s3:// prefix in [data] of"
                f" warehouse.toml, or with --{name}"
            )
        if is_s3(uri):
            return uri
        # Unlike Path.resolve, this raises nothing for a loop of links.
        return os.path.realpath(base / uri)

    return replace(
        data,
        events=place("events", events, data.events),
        songs=place("songs", songs, data.songs),
    )


def version() -> str:
    """The version in pyproject.toml."""
    text = (PROJECT / "pyproject.toml").read_text(encoding="utf-8")
    return str(tomllib.loads(text)["project"]["version"])


def _table(path: Path, document: dict[str, Any], name: str, kind: type[Any]) -> Any:
    given = document.get(name, {})
    if not isinstance(given, dict):
        raise Refused(f"{path}: {name} is not a table; write [{name}]")
    defaults = kind()
    known = {item.name: type(getattr(defaults, item.name)) for item in fields(kind)}
    for key, value in given.items():
        if key not in known:
            raise Refused(
                f"{path}: unknown key {key} in [{name}]; there is {', '.join(known)}"
            )
        if type(value) is not known[key]:
            raise Refused(
                f"{path}: {key} in [{name}] must be of type {known[key].__name__}"
            )
    if name == "cluster":
        _check_kind(path, given)
    return kind(**given)


def _check_kind(path: Path, given: dict[str, Any]) -> None:
    """Refuse keys of the other kind: nothing changes kind in silence."""
    kind = given.get("kind", Cluster().kind)
    if kind not in OF_KIND:
        raise Refused(f"{path}: kind in [cluster] must be {' or '.join(OF_KIND)}")
    for other, keys in OF_KIND.items():
        theirs = ", ".join(key for key in keys if key in given)
        if other != kind and theirs:
            raise Refused(
                f"{path}: [cluster] has {theirs}, but its kind is {kind}; remove them,"
                f' or set `kind = "{other}"`'
            )
