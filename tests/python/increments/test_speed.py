"""The plays take a small multiple of the time that one statement by hand takes."""

import time
from collections.abc import Callable
from functools import partial

import duckdb
from benchmark.floor import STATEMENTS
from support.helpers import DataSet, Warehouse

LIMIT = 3.4  # The models take 2.1 to 2.7 today.
MODELS = ("int_recordings", "songplays")
(FLOOR,) = (sql for sql in STATEMENTS if sql.startswith("create table songplays "))
# 200,000 events.
GROW = """
insert into staging_events
select
    staging_events.* replace (
        session_id + 1000000 * number as session_id, ts + number as ts
    )
from staging_events, range(1, 25) as copies(number)
"""
# The tables that the floor reads, with the names of the logs.
READ = """
create table staging_songs as from filled.main_staging.staging_songs;
create table staging_events as
select
    *, item_in_session as itemInSession, session_id as sessionId,
    user_agent as userAgent, user_id as userId
from filled.main_staging.staging_events;
"""
COUNT = "select count(*) from songplays"


def cpu(work: Callable[[], object]) -> float:
    """The CPU seconds that this process takes for something."""
    start = time.process_time()
    work()
    return time.process_time() - start


def by_hand(warehouse: Warehouse) -> float:
    """The CPU seconds for the floor's plays, which are as many."""
    warehouse.release()
    with duckdb.connect() as connection:
        connection.execute("set threads = 2")
        connection.execute(f"attach '{warehouse.path}' as filled (read_only)")
        connection.execute(READ)
        taken = cpu(partial(connection.execute, FLOOR))
        found = connection.execute(COUNT).fetchall()
    assert found == warehouse.rows(COUNT), "the same job"
    return taken


def test_the_plays_take_not_much_longer_than_the_same_table_by_hand(
    warehouse: Warehouse, sample_set: DataSet
) -> None:
    sample_set.warehouse.copy(warehouse.path.parent)
    warehouse.change(GROW)
    rebuild = partial(warehouse.done, "run", "--full-refresh", "-s", *MODELS)
    empty = models = hand = ratio = 1e9
    # The least of several rounds counts: a busy machine only adds. Where two are too
    # few, more rounds bring both sides nearer to what they take on a quiet one.
    for number in range(10):
        empty = min(empty, cpu(partial(rebuild, "--empty")))
        models = min(models, cpu(rebuild))
        hand = min(hand, by_hand(warehouse))
        # Less what dbt itself takes for models without rows.
        ratio = (models - empty) / hand
        print(ratio, models, empty, hand)  # to be seen with pytest -rP
        if number and ratio <= LIMIT:
            return
    assert ratio <= LIMIT
