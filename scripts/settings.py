"""The settings file, `warehouse.toml`: where the data is, what the cluster is like."""

import tomllib
from dataclasses import dataclass, field, fields
from pathlib import Path
from typing import Any

from errors import Refused

PROJECT = Path(__file__).resolve().parent.parent


@dataclass(frozen=True)
class Data:
    """Where the files are: folders, or s3:// prefixes."""

    events: str = "data/sample/log_data"
    songs: str = "data/sample/song_data"
    manifests: str = ""
    role: str = "default"
    region: str = "us-west-2"


@dataclass(frozen=True)
class Cluster:
    """What `warehouse.py up` makes."""

    name: str = "sparkify"
    region: str = "us-west-2"
    node_type: str = "ra3.large"
    nodes: int = 1
    database: str = "sparkify"
    port: int = 5439
    allow_cidrs: list[str] = field(default_factory=list)
    subnet_group: str = ""
    public: bool = True


@dataclass(frozen=True)
class Settings:
    """The whole file; a table or a key that is left out keeps its default."""

    data: Data = field(default_factory=Data)
    cluster: Cluster = field(default_factory=Cluster)


def read_settings(path: Path) -> Settings:
    """Read a settings file; a key that is unknown or of the wrong type is refused."""
    try:
        document = tomllib.loads(path.read_text(encoding="utf-8"))
    except OSError as error:
        raise Refused(
            f"{path}: {error.strerror}; name a settings file with --config"
        ) from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise Refused(f"{path}: {error}; correct the file") from None
    tables: dict[str, type[Data] | type[Cluster]] = {"data": Data, "cluster": Cluster}
    for name in document:
        if name not in tables:
            raise Refused(f"{path}: unknown table [{name}]; remove it")
    return Settings(
        **{name: _table(path, document, name, kind) for name, kind in tables.items()}
    )


def _table(path: Path, document: dict[str, Any], name: str, kind: type[Any]) -> Any:
    given = document.get(name, {})
    if not isinstance(given, dict):
        raise Refused(f"{path}: {name} is not a table; write [{name}]")
    defaults = kind()
    known = {item.name: type(getattr(defaults, item.name)) for item in fields(kind)}
    for key, value in given.items():
        if key not in known:
            raise Refused(f"{path}: unknown key {key} in [{name}]; remove it")
        if type(value) is not known[key]:
            raise Refused(
                f"{path}: {key} in [{name}] must be of type {known[key].__name__}"
            )
    return kind(**given)
