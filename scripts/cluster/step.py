"""Steps: what they are, and taking them in order."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import aws
from errors import Refused, WarehouseError

from cluster.wait import say


@dataclass(frozen=True)
class Step:
    """One change: `+` makes, `~` changes or waits, `-` takes away."""

    sign: str
    what: str
    do: Callable[[], object]
    drift: bool = True  # False: to wait, to resume or to make the cluster is none

    def __str__(self) -> str:
        return f"{self.sign} {self.what}"


def apply(steps: list[Step]) -> None:
    """Take the steps in order. What was done before an error stays as it is."""
    for number, step in enumerate(steps):
        say(str(step))
        with changed(number > 0), aws.plain_errors():
            step.do()


@contextmanager
def changed(really: bool = True) -> Iterator[None]:
    """Once something was changed an error is no longer `refused before`."""
    try:
        yield
    except Refused as error:
        if not really:
            raise
        raise WarehouseError(
            f"{error.message}; what was done stays, the same command goes on from there"
        ) from None
