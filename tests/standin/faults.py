"""What came in, and what shall go wrong on the way: the tests' two handles."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Any, Literal

COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.S)
Row = dict[str, Any]
Action = Literal["cut before", "cut after", "fail", "meanwhile", "twice"]


View = Callable[[str, Row], Row | None]


def _named(change: Callable[[str], str]) -> View:
    def changed(_: str, row: Row) -> Row:
        return (
            row | {"file_name": change(row["file_name"])} if "file_name" in row else row
        )

    return changed


# What SYS views may say otherwise than the documents do; None is no row.
VIEWS: dict[str, View] = {
    "ids shifted": lambda _, row: row | {"query_id": row["query_id"] + 1},
    "views empty": lambda _, row: None,
    "no history": lambda view, row: None if view == "history" else row,
    "no errors": lambda view, row: None if view == "errors" else row,
    "names without bucket": _named(lambda name: name.split("/", 3)[-1]),
    "names cut": _named(lambda name: name[:20]),
    "a file missing": lambda view, row: (
        None if view == "detail" and row["lines_scanned"] else row
    ),
    "a line too many": lambda view, row: (
        row | {"lines_scanned": row["lines_scanned"] + 1} if view == "detail" else row
    ),
    "other etags": lambda view, row: (
        row | {"file_etag": "0" * 32} if view == "detail" else row
    ),
    "no etags": lambda view, row: row | {"file_etag": ""} if view == "detail" else row,
}


@dataclass(frozen=True)
class Statement:
    """One statement as the client sent it; `session` is the server's process id."""

    session: int
    sql: str


@dataclass
class Fault:
    """Strikes once, at the `nth` statement that matches."""

    action: Action
    pattern: re.Pattern[str]
    nth: int
    message: str = ""
    code: str = "XX000"
    act: Callable[[], object] = lambda: None


@dataclass
class Faults:
    """The statements so far and the faults to come; shared by all sessions."""

    statements: list[Statement] = field(default_factory=list)
    round_trips: int = 0
    late: float = 0
    _views: list[View] = field(default_factory=list)
    _waiting: list[Fault] = field(default_factory=list)
    _timers: list[threading.Timer] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cut_before(self, pattern: str = "", nth: int = 1) -> None:
        """Close the connection instead of forwarding the statement."""
        self._add("cut before", pattern, nth)

    def cut_after(self, pattern: str = "", nth: int = 1) -> None:
        """Let the server finish the statement, and close instead of answering.

        With "^commit" the reply to COMMIT is lost: the client cannot know.
        """
        self._add("cut after", pattern, nth)

    def fail(
        self, pattern: str, message: str, nth: int = 1, code: str = "XX000"
    ) -> None:
        """Answer with this error text instead of running the statement."""
        self._add("fail", pattern, nth, message=message, code=code)

    def meanwhile(self, pattern: str, act: Callable[[], object], nth: int = 1) -> None:
        """Do something before the statement is forwarded; the client has to wait."""
        self._add("meanwhile", pattern, nth, act=act)

    def twice(self, pattern: str, nth: int = 1) -> None:
        """Run a COPY twice, as a driver does that tries again on the same cursor."""
        self._add("twice", pattern, nth)

    def views(self, *changes: str | View, late: float = 0) -> None:
        """Let the views of every COPY from now on be wrong, or `late` by seconds.

        A change is a name out of VIEWS, or a function of a view's name (`history`,
        `detail` or `errors`) and a row. Without any the views are right again.
        """
        self._views = [
            VIEWS[change] if isinstance(change, str) else change for change in changes
        ]
        self.late = late

    def in_view(self, view: str, row: Row) -> Row | None:
        """A row as a view shows it; used by COPY."""
        shown: Row | None = row
        for change in self._views:
            shown = shown and change(view, shown)
        return shown

    def show(self, write: Callable[[], None]) -> None:
        """Let a view show new rows, now or `late`; used by COPY."""
        if not self.late:
            write()
            return
        timer = threading.Timer(self.late, write)
        timer.daemon = True
        timer.start()
        self._timers.append(timer)

    def forget_late_rows(self) -> None:
        """What is still to come into the views does not come."""
        for timer in self._timers:
            timer.cancel()
        self._timers.clear()

    def clear(self) -> None:
        """Forget the statements and all faults."""
        with self._lock:
            self.statements.clear()
            self.round_trips = 0
            self._waiting.clear()
        self.views()

    def travel(self) -> None:
        """Count one way there and back; used by the proxy."""
        with self._lock:
            self.round_trips += 1

    def struck(self) -> bool:
        """Whether every fault has struck: a test that asks cannot pass by chance."""
        return not self._waiting

    def strike(self, sql: str) -> Fault | None:
        """The fault for this statement, if its turn has come; used by the proxy.

        dbt begins statements with a comment: patterns see the text without comments.
        """
        plain = COMMENT.sub("", sql).strip()
        with self._lock:
            for fault in self._waiting:
                if fault.pattern.search(plain):
                    fault.nth -= 1
                    if fault.nth == 0:
                        self._waiting.remove(fault)
                        return fault
        return None

    def _add(self, action: Action, pattern: str, nth: int, **rest: Any) -> None:
        regex = re.compile(pattern, re.I | re.S | re.M)
        with self._lock:
            self._waiting.append(Fault(action, regex, nth, **rest))
