"""A step of a plan, as data: what to ask of AWS, and how to say it."""

from dataclasses import dataclass
from typing import Any

OUR_GROUP = "<our security group>"  # its id, where a step before this one makes it


@dataclass(frozen=True)
class Step:
    """One change: `+` makes, `~` changes or waits, `-` removes, `!` only tells.

    `call` is a client and its method, such as `iam.create_role`; it is empty where
    there is nothing to do but wait. `until` is what the cluster has to be afterwards:
    `usable`, `paused` or `gone`.
    """

    sign: str
    what: str
    call: str
    params: dict[str, Any]
    until: str
    drift: bool  # False: to wait, to resume or to make the cluster is none

    def __str__(self) -> str:
        return f"{self.sign} {self.what}"


def step(
    told: str, call: str = "", until: str = "", drift: bool = True, **params: Any
) -> Step:
    """A step from its line, such as `+ role x`, and AWS's own names of parameters."""
    sign, what = told.split(" ", 1)
    return Step(sign, what, call, params, until, drift)
