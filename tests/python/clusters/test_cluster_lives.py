"""From `up` to `down` and back, of both kinds: what is called, printed and left.

moto has nothing of Serverless: `support.aws_serverless` answers for it.
"""

import re

from support.aws_server import ELSEWHERE, REGION
from support.cluster_account import HERE, STATUS, Account
from support.cluster_calls import MAKING, REMOVING, RESTORING

COSTS = {
    "provisioned": "cost: about $0.55 an hour for 1 x ra3.large with its address (on"
    " demand, us-west-2, March 2026), until it pauses at 20:00 UTC",
    "serverless": "cost: at most about $6.00 a day: 16 RPU-hours at $0.375 (May 2026),"
    " then AWS turns queries off until the next day",
}
VARIABLES = {
    "provisioned": [
        "export REDSHIFT_REGION=us-west-2",
        "export REDSHIFT_USER=sparkify_builder",
        "export REDSHIFT_CLUSTER=sparkify",
    ],
    "serverless": ["export REDSHIFT_REGION=us-west-2", "export REDSHIFT_METHOD=iam"],
}
CAPACITY = {
    "provisioned": {"node_type": "ra3.large", "nodes": 1, "dollars_an_hour": 0.548},
    "serverless": {
        "rpu": 8,
        "rpu_max": 8,
        "rpu_hours_a_day": 16,
        "dollars_an_hour": 3.0,
        "dollars_a_day": 6.0,
    },
}


def test_a_life_from_up_to_down(either: Account) -> None:
    """Beside a whole warehouse in another region, which nothing touches."""
    kind, there = either.kind, either.server.serverless
    either.write(cluster={"region": ELSEWHERE})
    either.ok("up")
    elsewhere = either.left(ELSEWHERE)
    assert elsewhere["roles"][0] == "sparkify-eu-west-1-redshift"
    either.write()
    planned = either.run("up", "--dry-run")
    assert (planned.exit_code, either.changes) == (10, [])
    lines = planned.stdout.splitlines()
    assert [line[0] for line in lines] == ["+"] * len(MAKING[kind])
    there.slow = 1
    made = either.ok("up")
    assert either.changes == MAKING[kind]
    either.assert_complete()
    whose, cost, stored = made.stderr.splitlines()[:3]
    assert whose.startswith("account 123456789012 in us-west-2, as arn:aws:sts::")
    assert cost == COSTS[kind]
    assert stored.startswith("cost: always $0.40 a month for the secret")
    status = either.status()
    host = status["host"]
    assert made.stdout.splitlines() == [
        *(["unset REDSHIFT_CLUSTER"] if kind == "serverless" else []),
        f"export REDSHIFT_HOST={host}",
        "export REDSHIFT_PORT=5439",
        "export REDSHIFT_DATABASE=sparkify",
        *VARIABLES[kind],
    ]
    assert f"usable: {host}:5439/sparkify\nonce, as an administrator" in made.stderr
    pauses_at = status.pop("pauses_at")
    assert bool(re.fullmatch(r"\d{4}-\d\d-\d\d 20:00", pauses_at)) == (
        kind == "provisioned"
    )
    assert status.pop("caller").startswith("arn:aws:sts::")
    assert status == {
        "kind": kind,
        "name": "sparkify",
        "region": REGION,
        "state": "available",
        "message": "",
        "host": host,
        "port": 5439,
        "database": "sparkify",
        **CAPACITY[kind],
        "account": "123456789012",
        "others": [],
        "drift": [],
    }

    again = either.ok("up")
    assert (either.changes, again.stdout) == ([], made.stdout)
    assert "nothing to change" in again.stderr
    assert either.ok("up", "--dry-run").stdout == "nothing to change\n"

    paused = either.described("pause")
    assert either.changes == ["redshift:PauseCluster"] * (kind == "provisioned")
    paused["cluster"].pop("state")
    assert paused["cluster"] == {"name": "sparkify", "region": REGION}
    if kind == "provisioned":
        assert "cluster sparkify is paused; `up` makes it" in either.ok(*STATUS).stdout
        resumed = either.described("up")
        assert resumed["changes"] == ["> cluster sparkify: resume"]
        assert resumed["cluster"]["host"] == host
        assert either.changes == ["redshift:ResumeCluster"]

    assert len(either.run("down", "--dry-run").stdout.splitlines()) >= 4
    asked = either.run("down", answer="n\n")
    assert (asked.exit_code, either.changes) == (3, [])
    assert "sparkify with all its data, without a snapshot" in asked.stderr
    removed = either.run("down", answer="y\n")
    assert (removed.exit_code, either.changes) == (0, REMOVING[kind])
    assert (either.left(), either.left(ELSEWHERE)) == ({}, elsewhere)
    assert removed.stdout.endswith(f"= sparkify is left in {REGION}\n")
    assert either.described("down")["changes"] == either.changes == []


def test_a_snapshot_is_kept_and_restored(either: Account) -> None:
    kind, last = either.kind, ("--snapshot", "last")
    assert "there is nothing to take a snapshot of" in either.refused("down", *last)
    either.ok("up")
    assert "sparkify exists, so snapshot last" in either.refused("up", *last)
    removed = either.described("down", "--yes", *last)
    assert (either.changes, removed["snapshots"]) == (REMOVING[kind], ["last"])
    assert either.left() == {"snapshots": ["last"]}
    parameters = {
        key: value
        for call in either.server.calls
        for key, value in call.params.items()
        if "inal" in key
    }
    assert set(map(str, parameters.values())) >= {"last", "30"}
    assert "snapshot last is kept, and costs" in either.ok("down", *last).stdout
    line = either.refused("up", "--snapshot", "first")
    assert "no snapshot first of " in line
    assert "sparkify in us-west-2; there is last" in line
    either.ok("up", *last)
    assert either.changes == RESTORING[kind]
    either.assert_complete()
    assert "nothing to change" in either.ok("up").stderr
    code = {"provisioned": 1, "serverless": 3}[kind]  # AWS says it first, or too late
    line = either.refused("down", "--yes", *last, code=code)
    assert "ClusterSnapshotAlreadyExists in Del" in line or "is a snapshot last" in line
    either.assert_complete()  # it still pauses by itself, or has its limit


def test_a_snapshot_of_a_cluster_is_restored_into_a_namespace(account: Account) -> None:
    account.ok("up")
    account.ok("down", "--yes", "--snapshot", "last")
    account.kind = "serverless"
    account.write()
    account.ok("up", "--snapshot", "last")
    arn = "arn:aws:redshift:us-west-2:123456789012:snapshot:sparkify/last"
    assert account.server.serverless.restored == {HERE: arn}


def test_a_namespace_that_has_data_is_never_restored_over(serverless: Account) -> None:
    serverless.ok("up")
    there = serverless.server.serverless
    there.snapshots[REGION, "last"] = {
        "snapshotName": "last",
        "namespaceName": "sparkify",
    }
    # `down` was killed after it asked AWS to remove the workgroup.
    there.limits.clear()
    there.workgroups[HERE] |= {"status": "DELETING", "looks": 6}
    line = serverless.refused("up", "--snapshot", "last")
    assert "workgroup sparkify exists, so snapshot last cannot be restored" in line
    assert serverless.changes == []
    serverless.ok("up")
    assert serverless.changes == MAKING["serverless"][-2:]
    assert there.restored == {}
    serverless.assert_complete()


def test_nothing_changes_kind_in_silence(either: Account) -> None:
    kind = either.kind
    other = {"provisioned": "serverless", "serverless": "provisioned"}[kind]
    either.ok("up")
    either.write(cluster={"kind": other})
    for command in (("up",), ("down", "--yes"), ("pause",), STATUS):
        line = either.refused(*command)
        assert f'in us-west-2 and is {kind}, but [cluster] kind is "{other}"' in line
        assert either.changes == []
    # Under another name both may live, and each names the other.
    either.write(cluster={"kind": other, "name": "sparkify-new"})
    assert re.search("others +sparkify\n", either.ok(*STATUS).stdout)
    done = either.run("up", "--dry-run")
    assert "too, under other names: sparkify; each costs until `down`" in done.stderr
