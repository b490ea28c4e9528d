"""Whatever breaks, and whenever: a load on Redshift is whole or it is nothing.

Every test ends with one more load, after which staging, ledger and refused lines are
those of a load that nothing disturbed.
"""

import signal
import threading
import time
from collections.abc import Callable
from functools import partial
from multiprocessing import get_context
from typing import Any

import pytest
from common.errors import WarehouseError
from support.redshift_delivery import Delivery
from support.redshift_warehouse import (
    MARTS,
    RedshiftWarehouse,
    reading,
)

# Transactions that are the load's own; dbt's are in capitals.
BEGIN, COMMIT = "(?-i:^begin)", "(?-i:^commit)"
CONFLICT = "could not complete because of conflict with concurrent transaction"


FAULTS: dict[str, dict[str, Any]] = {
    "fail": {"message": "Internal error"},
    "cut_before": {},
    "cut_after": {},
    "retried": {"message": CONFLICT},
    "twice": {},
}
POINTS = [
    "^copy load_files",
    "^copy load_events",
    "^lock",
    'insert into "sparkify"."sparkify_staging"."staging_events"',
    COMMIT,
]
COPIES = ["^copy load_events", "^copy load_songs"]


def disturb(cluster: RedshiftWarehouse, kind: str, pattern: str, nth: int) -> None:
    """Let one statement fail, or the connection break before or after it."""
    name = "fail" if kind == "retried" else kind
    getattr(cluster.faults, name)(pattern, nth=nth, **FAULTS[kind])


@pytest.mark.parametrize("kind", FAULTS)
def test_a_fault_at_the_turning_points_of_a_load_leaves_all_or_nothing(
    delivery: Delivery, kind: str
) -> None:
    for pattern in COPIES if kind == "twice" else POINTS:
        delivery.take_back()
        disturb(delivery.cluster, kind, pattern, nth=1)
        said = delivery.disturbed_load()
        published = delivery.cluster.published() == delivery.after
        # dbt runs a text again, whole, after a conflict: the plan's is complete alone.
        may_succeed = kind == "retried" and pattern == POINTS[0]
        assert may_succeed == (said == ""), pattern
        answer_lost = kind == "cut_after" and pattern == COMMIT
        assert published == (may_succeed or answer_lost), pattern
        assert (
            not said
            or said.endswith("run again")
            or "(Redshift: " in said
            or (said == "Internal error")
            or (kind == "twice" and ": COPY reported" in said)
        )
    delivery.converges()


@pytest.mark.long
@pytest.mark.parametrize("kind", set(FAULTS) - {"twice"})
def test_a_fault_at_every_statement_of_a_load_leaves_all_or_nothing(
    delivery: Delivery, kind: str
) -> None:
    assert delivery.statements > 30
    for nth in range(1, delivery.statements + 1):
        delivery.take_back()
        disturb(delivery.cluster, kind, "", nth)
        delivery.disturbed_load()
        delivery.converges()


def kill_when(
    cluster: RedshiftWarehouse, pattern: str, act: Callable[[], object], nth: int = 1
) -> None:
    """Kill a process that does something when it comes to a statement."""
    started, killed = threading.Event(), threading.Event()
    process = None

    def kill() -> None:
        started.wait()
        assert process
        process.kill()
        process.join()
        killed.set()

    cluster.faults.meanwhile(pattern, kill, nth)
    process = cluster.start(act)
    started.set()
    assert killed.wait(60)
    assert process.exitcode == -signal.SIGKILL
    wait_for_sessions(cluster)


def wait_for_sessions(cluster: RedshiftWarehouse) -> None:
    """Until the server has noticed that nobody is there any more."""
    until = time.monotonic() + 20
    asked = (
        "select count(*) from pg_stat_activity where backend_type = 'client backend'"
        " and pid <> pg_backend_pid() and usename = current_user"
    )
    while cluster.value(asked) != "0":
        assert time.monotonic() < until
        time.sleep(0.02)


def test_a_killed_load_leaves_all_or_nothing(delivery: Delivery) -> None:
    # Nobody waits for the answer; the server has the COMMIT and carries it out.
    kill_when(delivery.cluster, COMMIT, delivery.load)
    assert delivery.cluster.published() == delivery.after
    delivery.converges()


KILLS = 14  # of each command


@pytest.mark.long
@pytest.mark.parametrize("option", ["", "--full-refresh", "--reload"])
def test_a_run_killed_anywhere_keeps_no_reader_out_and_the_next_completes_it(
    delivery: Delivery, analyst: str, option: str
) -> None:
    cluster = delivery.cluster
    cluster.done("run", "--vars", "{analyst_group: analysts}")

    def run() -> None:
        done = cluster.cli("run", *option.split(), "--max-errors", "1")
        assert done.exit_code == 0, done.stderr

    def begin() -> None:
        delivery.take_back()
        cluster.done("run", "--full-refresh")
        cluster.faults.clear()

    def complete() -> None:
        delivery.load()
        cluster.build()

    def state() -> object:
        relations = "select schemaname, relname from pg_stat_user_tables"
        return cluster.status()["marts"], sorted(cluster.rows(relations))

    with reading(cluster, analyst) as seen:
        begin()
        complete()
        clean = [(delivery.after, state())]
        begin()
        run()
        statements = len(cluster.sent())
        clean.append((cluster.published(), state()))
        loaded = clean[1][0]
        for kill in range(KILLS):
            begin()
            # Other statements may come last: their order is that of dbt's threads.
            nth = 1 + kill * (statements - 10) // KILLS
            kill_when(cluster, "", run, nth)
            assert cluster.published() in (delivery.before, loaded)
            complete()
            assert (cluster.published(), state()) in clean
    assert seen.refused == []
    # The delivery has no page views, so their mart is empty all the time.
    filled = [name for name, mart in cluster.status()["marts"].items() if mart["rows"]]
    assert len(filled) == len(seen.counts) - 1
    assert [name for name in filled if 0 in seen.counts[name]] == []


def test_of_two_loads_at_once_one_publishes_and_the_other_says_so(
    delivery: Delivery,
) -> None:
    both = threading.Barrier(2)
    for _ in range(2):
        delivery.cluster.faults.meanwhile(BEGIN, partial(both.wait, 60))
    errors = get_context("fork").SimpleQueue()

    def attempt() -> None:
        try:
            delivery.load()
            errors.put("")
        except WarehouseError as error:
            errors.put(str(error))

    other = delivery.cluster.start(attempt)
    attempt()
    other.join()
    assert (other.exitcode, both.broken) == (0, False)
    none, error = sorted([errors.get(), errors.get()])
    assert none == ""
    assert error.startswith(
        "another load published one of these files meanwhile; run again"
    )
    assert delivery.cluster.published() == delivery.after
    delivery.converges()


@pytest.mark.parametrize(
    ("pattern", "nth"),
    [
        ("^delete from .*songplays", 1),
        pytest.param("^create .*songplays__dbt_tmp", 1, marks=pytest.mark.long),
        pytest.param("^insert into .*artists", 1, marks=pytest.mark.long),
        # The third is a model's: two come before the first model.
        pytest.param("(?-i:^COMMIT)", 3, marks=pytest.mark.long),
    ],
)
def test_a_build_that_breaks_is_completed_by_the_next_one(
    delivery: Delivery, pattern: str, nth: int
) -> None:
    cluster = delivery.cluster
    cluster.done("run")
    delivery.load()
    violation = "1023: Serializable isolation violation on table - 112"
    cluster.faults.fail(pattern, violation, nth)
    conflict = "dbt build: 1 of .* on table - 112.*, fix the cause and run again"
    with pytest.raises(WarehouseError, match=conflict):
        cluster.build()
    # Songs that a load publishes while a build begins are in the next build.
    published = (
        "begin; update staging_songs set artist_id = 'AR9', _load_id = 3;"
        " insert into loaded_files select 3, source, path, 'other', bytes,"
        " rows_loaded, rows_rejected, loaded_at from loaded_files"
        " where source = 'songs' and load_id = 2; commit"
    )
    cluster.faults.meanwhile('^lock .*"artists_lock"', partial(cluster.rows, published))
    cluster.done("run")
    cluster.done("run")
    built = cluster.status()["marts"]
    assert built["songplays"]["rows"] == 5
    cluster.done("run", "--full-refresh")
    assert cluster.status()["marts"] == built


@pytest.mark.parametrize(
    "made", ["empty", pytest.param("nothing", marks=pytest.mark.long)]
)
def test_of_two_builds_at_once_none_doubles_a_row(
    delivery: Delivery, made: str
) -> None:
    cluster = delivery.cluster
    cluster.done("run", "-s", "config.materialized:view")
    build = ["build", "--exclude", "config.materialized:view"]
    build += ["--exclude-resource-type", "test", "unit_test"]
    names = [*MARTS, "int_user_steps"]
    if made == "empty":
        cluster.done(*build, "--empty")
        names.append("expected_results")
    else:
        build.append("seed")
    arrived = dict.fromkeys(names, 0)
    one_asks = threading.Lock()

    def meet(name: str) -> None:
        # Until the other build has come, too, or waits for a lock.
        arrived[name] += 1
        until = time.monotonic() + 10
        while arrived[name] < 2 and time.monotonic() < until:
            with one_asks:
                waiting = cluster.value(
                    "select count(*) from pg_locks where not granted"
                )
            if waiting != "0":
                break
            time.sleep(0.05)

    for name in names:
        written = (
            rf'^(delete from|insert into|create +table)\s[^(]*"{name}(__dbt_tmp)?"'
        )
        for _ in range(2):
            cluster.faults.meanwhile(written, partial(meet, name))
    came = threading.Event()
    cluster.faults.meanwhile("", came.set)
    other = cluster.start(lambda: cluster.done(*build))
    assert came.wait(60)
    cluster.done(*build)
    other.join()
    assert other.exitcode == 0
    # A double step of a user would not reach a mart.
    doubled = [
        name
        for name in names
        if cluster.rows(f"select count(*) from {name}")
        != cluster.rows(f"select count(*) from (select distinct * from {name}) as rows")
    ]
    assert doubled == []
