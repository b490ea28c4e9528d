"""`up`, `status`, `pause` and `down`: the script as a process, moto as a server."""

from cluster_account import MAKING, REMOVING, Account


def test_a_life_of_a_cluster(account: Account) -> None:
    done = account.up()
    assert account.changes == MAKING
    account.assert_complete()
    done = account.up()
    assert account.changes == []
    done = account.ok("status", "--json")
    print(done.out)
    account.ok("pause")
    assert account.changes == ["redshift:PauseCluster"]
    account.up()
    assert account.changes == ["redshift:ResumeCluster"]
    account.ok("down", "--yes")
    assert account.changes == REMOVING
    assert account.left() == {}
    done = account.ok("down", "--yes")
    assert account.changes == []
    assert "nothing to remove" in done.out
