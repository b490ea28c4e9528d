"""The load's rules in plain Python: what staging must hold after any deliveries.

Nothing here reads a table or runs SQL. A file is known by its path and its bytes; of
two rows with one key the later load's stands, in one load the later path's, in one file
the later line's; a delivery never takes an event away. Only a reload starts over: in it
the file that first came later stands.
"""

import hashlib
import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Row = dict[str, Any]
Key = tuple[Any, ...]

KEYS = {"events": ("sessionId", "itemInSession", "page", "ts"), "songs": ("song_id",)}
# The other columns that a history changes.
CHANGED = {
    "events": ("userId", "level", "firstName", "song"),
    "songs": ("title", "artist_name", "artist_id", "duration"),
}


@dataclass
class Staging:
    """Rows by key with the load that brought them, and the ledger."""

    loads: int = 0
    rows: dict[str, dict[Key, tuple[Row, int]]] = field(
        default_factory=lambda: {source: {} for source in KEYS}
    )
    ledger: list[tuple[int, str, str, int]] = field(default_factory=list)
    _latest: dict[Path, str] = field(default_factory=dict)
    _first_load: dict[Path, int] = field(default_factory=dict)

    def load(self, folders: dict[str, Path], reload: bool = False) -> None:
        """Take what is new or changed in the folders; all of it with `reload`."""
        new: list[tuple[str, Path, bytes]] = []
        for source, folder in folders.items():
            for path in sorted(folder.iterdir()):
                content = path.read_bytes()
                digest = hashlib.md5(content).hexdigest()
                if reload or self._latest.get(path) != digest:
                    new.append((source, path, content))
        if not new:
            return
        self.loads += 1
        if reload:
            self.ledger.clear()
            self._latest.clear()
            for known in self.rows.values():
                known.clear()
            new.sort(key=lambda file: self._first_load.get(file[1], self.loads))
            # A file that is gone is new when it comes back.
            self._first_load = {
                path: self._first_load.get(path, self.loads) for _, path, _ in new
            }
        for source, path, content in new:
            rows = [json.loads(line) for line in content.decode().splitlines()]
            for row in rows:
                key = tuple(row[name] for name in KEYS[source])
                self.rows[source][key] = (row, self.loads)
            self.ledger.append((self.loads, source, path.name, len(rows)))
            self._latest[path] = hashlib.md5(content).hexdigest()
            self._first_load.setdefault(path, self.loads)

    def content(self, source: str) -> list[Key]:
        """What each row has, and the load that brought it, by key; "" for null."""
        return sorted(
            (*key, *(row[name] or "" for name in CHANGED[source]), load)
            for key, (row, load) in self.rows[source].items()
        )
