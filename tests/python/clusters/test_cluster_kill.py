"""Killed (-9) before or after any changing call: `up` completes, `down` removes all."""

from collections.abc import Callable
from itertools import count

import pytest
from support.cluster_account import Account


def complete(account: Account) -> None:
    account.ok("up")


def kept(account: Account) -> None:
    account.ok("up")
    account.ok("down", "--yes", "--snapshot", "last")


def paused(account: Account) -> None:
    account.ok("up")
    account.server.cluster().status = "paused"


def differing(account: Account) -> None:
    account.ok("up")
    account.differ()


RESTORE, DOWN = ["up", "--snapshot", "last"], ["down", "--yes"]
# The state before, and the command that is killed; the last three of a cluster alone.
LIVES: dict[str, tuple[Callable[[Account], object], list[str]]] = {
    "up": (str, ["up"]),
    "restore": (kept, RESTORE),
    "repair": (differing, ["up"]),
    "down": (complete, DOWN),
    "resume": (paused, ["up"]),
    "pause": (complete, ["pause"]),
    "down, paused": (paused, DOWN),
}
ALL = [
    *(("provisioned", life) for life in LIVES),
    *(("serverless", life) for life in [*LIVES][:4]),
]


Case = tuple[str, str, int, str, str]


def killed_and_finished(account: Account, case: Case) -> bool:
    """Kill before or after a changing call, then finish by `up` or `down`.

    False where the command has fewer calls.
    """
    kind, life, number, when, then = case
    account.reset(kind)
    before, command = LIVES[life]
    before(account)
    if not account.killed(command, number, when):
        assert len(account.changes) == number - 1
        return False
    made = account.changes[: number - (when == "before")]
    finish = {"up": ["up"], "down": DOWN}[then]
    account.ok(*finish)
    if then == "down":
        assert account.left().keys() <= {"snapshots"}
    else:
        account.assert_complete()
        # The namespace has a tag that says what is still to be restored.
        says = life == "restore" and "redshift-serverless:CreateNamespace" in made
        assert bool(account.server.serverless.restored) == says
    account.ok(*finish)
    assert account.changes == []
    return True


@pytest.mark.parametrize(
    "case",
    [  # half-made and half-removed things of each kind
        ("provisioned", "up", 3, "after", "up"),
        ("provisioned", "restore", 7, "after", "up"),
        ("provisioned", "repair", 2, "after", "up"),
        ("provisioned", "down", 4, "after", "down"),
        ("serverless", "up", 6, "after", "up"),  # a workgroup without its limit
        ("serverless", "restore", 8, "before", "up"),
        ("serverless", "down", 2, "after", "down"),
    ],
    ids=lambda case: "-".join(map(str, case)),
)
def test_killed_and_finished(account: Account, case: Case) -> None:
    assert killed_and_finished(account, case)


@pytest.mark.long
@pytest.mark.parametrize("then", ["up", "down"])
@pytest.mark.parametrize("when", ["before", "after"])
@pytest.mark.parametrize(("kind", "life"), ALL)
def test_killed_anywhere_and_finished(
    account: Account, kind: str, life: str, when: str, then: str
) -> None:
    """At each changing call in turn, until the command ends unharmed."""
    killed = (
        killed_and_finished(account, (kind, life, number, when, then))
        for number in count(1)
    )
    assert next(killed)
    assert not all(killed)
