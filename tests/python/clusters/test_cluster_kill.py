"""Killed (-9) before or after any changing call: `up` completes, `down` removes all."""

from collections.abc import Callable, Iterator
from contextlib import contextmanager, nullcontext

import pytest
from support import serverless_account as of_serverless
from support.aws_server import ELSEWHERE
from support.cluster_account import MAKING, REMOVING, Account
from support.serverless_account import kept


def complete(account: Account) -> None:
    account.ok("up")


def paused(account: Account) -> None:
    account.ok("up")
    account.server.cluster().status = "paused"


def differing(account: Account) -> None:
    """Other settings than the account was made with."""
    account.write(
        cluster={"allow_cidrs": ["198.51.100.0/24"], "pause_at": "06:00"},
        data={"songs": "s3://sparkify-other/songs"},
    )
    account.ok("up")
    account.server.cluster().iam_roles_arn = []
    account.write()


# The state before, the command that is killed, and the changing calls it makes.
LIVES: dict[str, tuple[Callable[[Account], object], list[str], int]] = {
    "up": (str, ["up"], len(MAKING)),
    "restore": (kept, ["up", "--snapshot", "last"], len(MAKING) + 1),
    "repair": (differing, ["up"], 5),
    "resume": (paused, ["up"], 1),
    "pause": (complete, ["pause"], 1),
    "down": (complete, ["down", "--yes"], len(REMOVING)),
    "down, paused": (paused, ["down", "--yes"], len(REMOVING)),
    "serverless: up": (str, ["up"], len(of_serverless.MAKING)),
    "serverless: restore": (
        kept,
        ["up", "--snapshot", "last"],
        len(of_serverless.RESTORING),
    ),
    "serverless: repair": (of_serverless.differing, ["up"], 6),
    "serverless: down": (complete, ["down", "--yes"], len(of_serverless.REMOVING)),
}
ALL = [
    (life, number, when, then)
    for life, (_, _, calls) in LIVES.items()
    for number in range(1, calls + 1)
    for when in ("before", "after")
    for then in ("up", "down")
]
# Half-made and half-removed things of each kind.
SOME = [
    ("up", 3, "after", "up"),
    ("up", 7, "after", "down"),
    ("restore", 7, "after", "down"),
    ("repair", 2, "after", "up"),
    ("down", 1, "after", "up"),
    ("down", 4, "after", "down"),
    ("serverless: up", 6, "after", "up"),  # a workgroup without its limit
    ("serverless: restore", 8, "before", "up"),
    ("serverless: down", 2, "after", "down"),
]


def begin(account: Account, life: str) -> tuple[list[str], int]:
    """Bring the account into the state before; the command and its changing calls."""
    before, command, calls = LIVES[life]
    account.kind = "serverless" if life.startswith("serverless") else "provisioned"
    account.write()
    before(account)
    return command, calls


def killed(account: Account, life: str, number: int, when: str) -> None:
    command, calls = begin(account, life)
    done = account.run(*command, kill=(number, when))
    assert done.code == -9, done
    assert len(account.changes) == number <= calls
    assert "usable: " not in done.err


def finished(account: Account, then: str, is_restored: bool) -> None:
    if then == "down":
        account.ok("down", "--yes")
        assert account.left().keys() <= {"snapshots"}
        return
    account.ok("up")
    account.assert_complete()
    there = account.server.serverless
    assert not [
        one for one in there.tags.values() if "sparkify-warehouse-restore" in one
    ]
    assert bool(there.restored) == is_restored


def is_restored(life: str, number: int, when: str) -> bool:
    """Whether a later `up` restores: the namespace is there, and holds the tag."""
    past_namespace = number > 5 or (number, when) == (5, "after")
    return life == "serverless: restore" and past_namespace


@contextmanager
def one_more_elsewhere(account: Account) -> Iterator[None]:
    """A whole cluster in another region; nothing touches it, and then it goes too."""
    account.write(cluster={"region": ELSEWHERE})
    account.ok("up")
    there = account.left(ELSEWHERE)
    account.write()
    yield
    assert account.left(ELSEWHERE) == there
    account.write(cluster={"region": ELSEWHERE})
    account.ok("down", "--yes")
    assert account.left(ELSEWHERE) == {}


@pytest.mark.parametrize(("life", "number", "when", "then"), SOME)
def test_killed_and_finished(
    account: Account, life: str, number: int, when: str, then: str
) -> None:
    killed(account, life, number, when)
    finished(account, then, is_restored(life, number, when))


@pytest.mark.long
@pytest.mark.parametrize(("life", "number", "when", "then"), ALL)
def test_killed_anywhere_and_finished(
    account: Account, life: str, number: int, when: str, then: str
) -> None:
    two_regions = (
        one_more_elsewhere(account) if life in {"up", "down"} else nullcontext()
    )
    with two_regions:
        killed(account, life, number, when)
        finished(account, then, is_restored(life, number, when))
        # Once more: there is nothing left to do.
        account.ok(*(["up"] if then == "up" else ["down", "--yes"]))
        assert account.changes == []


@pytest.mark.long
@pytest.mark.parametrize("life", LIVES)
def test_the_matrix_kills_at_every_changing_call(account: Account, life: str) -> None:
    command, calls = begin(account, life)
    account.ok(*command)
    assert len(account.changes) == calls
