"""A change to the account, as data; `cluster.apply` alone makes the calls."""

from collections.abc import Iterable, Iterator
from typing import Any, NamedTuple

from cluster.wanted import Document

# What the answer to a step before this one gives; `<key.key>` for a key within it.
OUR_GROUP = "<GroupId>"
SNAPSHOT_DAYS = 30  # how long AWS keeps a final snapshot


class Step(NamedTuple):
    """One change, as data: what to ask of AWS, and how to say it.

    `line` begins with `+` for what makes, `~` changes, `-` removes, `>` waits or
    resumes, `!` only informs. `call` is a client and its method, such as
    `iam.create_role`; it is empty where there is nothing to do but wait. `until` is
    what the warehouse has to be afterwards: `usable`, `gone`, or one of its states.
    """

    line: str
    call: str
    until: str
    params: Document

    def __str__(self) -> str:
        return self.line


Steps = Iterator[Step]


def step(line: str, call: str = "", until: str = "", **params: Any) -> Step:
    """A step, with AWS's own names of parameters."""
    return Step(line, call, until, params)


def wait(what: str, until: str, now: str = "") -> Step:
    """A step that only waits, because AWS has begun to do it."""
    state = f" (now {now})" if now else ""
    return step(f"> {what}: wait until it is {until}{state}", until=until)


def differences(label: str, pairs: Iterable[tuple[str, Any, Any, str]]) -> Steps:
    """What `up` leaves alone: key, what there is, what is wanted, and what to do."""
    for key, have, wish, advice in pairs:
        if have != wish:
            line = f"{key} is {have}, the settings say {wish}; set it back, or {advice}"
            yield step(f"! {label}: {line}")


def with_data(what: str, snapshot: str) -> str:
    """How to say that data goes."""
    kept = f"after snapshot {snapshot}, kept {SNAPSHOT_DAYS} days" if snapshot else ""
    return f"- {what} with all its data, {kept or 'without a snapshot'}"
