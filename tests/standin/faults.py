"""What came in, and what shall go wrong on the way: the tests' two handles."""

import re
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Literal

COMMENT = re.compile(r"/\*.*?\*/|--[^\n]*", re.S)
Action = Literal["cut before", "cut after", "fail", "meanwhile", "twice"]


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
    act: Callable[[], object] = lambda: None


@dataclass
class Faults:
    """The statements so far and the faults to come; shared by all sessions."""

    statements: list[Statement] = field(default_factory=list)
    round_trips: int = 0
    _waiting: list[Fault] = field(default_factory=list)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    def cut_before(self, pattern: str = "", nth: int = 1) -> None:
        """Close the connection instead of forwarding the statement."""
        self._add("cut before", pattern, nth)

    def cut_after(self, pattern: str = "", nth: int = 1) -> None:
        """Let the server finish the statement, and close instead of answering.

        With "^commit" the reply to COMMIT is lost: the client cannot know.
        """
        self._add("cut after", pattern, nth)

    def fail(self, pattern: str, message: str, nth: int = 1) -> None:
        """Answer with this error text instead of running the statement."""
        self._add("fail", pattern, nth, message)

    def meanwhile(self, pattern: str, act: Callable[[], object], nth: int = 1) -> None:
        """Do something before the statement is forwarded; the client has to wait."""
        self._add("meanwhile", pattern, nth, act=act)

    def twice(self, pattern: str, nth: int = 1) -> None:
        """Run a COPY twice, as a driver does that tries again on the same cursor."""
        self._add("twice", pattern, nth)

    def clear(self) -> None:
        """Forget the statements and the faults that did not strike."""
        with self._lock:
            self.statements.clear()
            self.round_trips = 0
            self._waiting.clear()

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

    def _add(
        self,
        action: Action,
        pattern: str,
        nth: int,
        message: str = "",
        act: Callable[[], object] = lambda: None,
    ) -> None:
        regex = re.compile(pattern, re.I | re.S | re.M)
        with self._lock:
            self._waiting.append(Fault(action, regex, nth, message, act))
