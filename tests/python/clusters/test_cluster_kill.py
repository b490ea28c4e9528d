"""Killed (-9) before or after any changing call: `up` completes, `down` removes all."""

from collections.abc import Callable

import pytest
from support.aws_server import ELSEWHERE
from support.cluster_account import TAG, Account
from support.cluster_calls import MAKING, REMOVING, RESTORING


def complete(account: Account) -> None:
    account.ok("up")


def kept(account: Account) -> None:
    account.ok("up")
    account.ok("down", "--yes", "--snapshot", "last")


def paused(account: Account) -> None:
    account.ok("up")
    account.server.cluster().status = "paused"


def differing(account: Account) -> None:
    """Other settings than the account was made with, and changes by hand."""
    if account.kind == "serverless":
        account.ok("up")
        account.differ()
        return
    account.write(
        cluster={"allow_cidrs": ["198.51.100.0/24"], "pause_at": "06:00"},
        data={"songs": "s3://sparkify-other/songs"},
    )
    account.ok("up")
    account.server.cluster().iam_roles_arn = []
    account.write()


RESTORE, DOWN = ["up", "--snapshot", "last"], ["down", "--yes"]
# By kind and name: the state before, the command that is killed, its changing calls.
LIVES: dict[tuple[str, str], tuple[Callable[[Account], object], list[str], int]] = {
    ("provisioned", "repair"): (differing, ["up"], 5),
    ("provisioned", "resume"): (paused, ["up"], 1),
    ("provisioned", "pause"): (complete, ["pause"], 1),
    ("provisioned", "down, paused"): (paused, DOWN, len(REMOVING["provisioned"])),
    ("serverless", "repair"): (differing, ["up"], 6),
}
for of_kind in MAKING:
    LIVES[of_kind, "up"] = (str, ["up"], len(MAKING[of_kind]))
    LIVES[of_kind, "restore"] = (kept, RESTORE, len(RESTORING[of_kind]))
    LIVES[of_kind, "down"] = (complete, DOWN, len(REMOVING[of_kind]))
ALL = [
    (*life, number, when, then)
    for life, (_, _, calls) in LIVES.items()
    for number in range(1, calls + 1)
    for when in ("before", "after")
    for then in ("up", "down")
]
# Half-made and half-removed things of each kind.
SOME = [
    ("provisioned", "up", 3, "after", "up"),
    ("provisioned", "restore", 7, "after", "down"),
    ("provisioned", "repair", 2, "after", "up"),
    ("provisioned", "down", 4, "after", "down"),
    ("serverless", "up", 6, "after", "up"),  # a workgroup without its limit
    ("serverless", "restore", 8, "before", "up"),
    ("serverless", "down", 2, "after", "down"),
]
Case = tuple[str, str, int, str, str]


def name_of(case: Case) -> str:
    return "-".join(map(str, case))


def killed_and_finished(account: Account, case: Case) -> list[str]:
    """Kill, and finish by `up` or `down`; gives that command."""
    kind, life, number, when, then = case
    before, command, calls = LIVES[kind, life]
    account.kind = kind
    account.write()
    before(account)
    done = account.run(*command, kill=(number, when))
    assert done.code == -9, done
    assert len(account.changes) == number <= calls
    assert "usable: " not in done.err
    if then == "down":
        account.ok(*DOWN)
        assert account.left().keys() <= {"snapshots"}
        return DOWN
    account.ok("up")
    account.assert_complete()
    there = account.server.serverless
    assert not [tags for tags in there.tags.values() if f"{TAG}-restore" in tags]
    # The namespace has a tag that says what is still to be restored.
    has_namespace = number > 5 or (number, when) == (5, "after")
    restores = (kind, life) == ("serverless", "restore") and has_namespace
    assert bool(there.restored) == restores
    return ["up"]


@pytest.mark.parametrize("case", SOME, ids=name_of)
def test_killed_and_finished(account: Account, case: Case) -> None:
    killed_and_finished(account, case)


@pytest.mark.long
@pytest.mark.parametrize("case", ALL, ids=name_of)
def test_killed_anywhere_and_finished(account: Account, case: Case) -> None:
    """With a whole warehouse in another region at times, which nothing touches."""
    if case[1] in {"up", "down"}:
        account.write(cluster={"region": ELSEWHERE})
        account.ok("up")
    there = account.left(ELSEWHERE)
    command = killed_and_finished(account, case)
    # Once more: there is nothing left to do.
    account.ok(*command)
    assert account.changes == []
    assert account.left(ELSEWHERE) == there


@pytest.mark.long
@pytest.mark.parametrize("life", LIVES, ids="-".join)
def test_the_matrix_kills_at_every_changing_call(
    account: Account, life: tuple[str, str]
) -> None:
    before, command, calls = LIVES[life]
    account.kind = life[0]
    account.write()
    before(account)
    account.ok(*command)
    assert len(account.changes) == calls
