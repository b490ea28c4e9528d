"""The plays take a small multiple of the time that one statement by hand takes."""

import time
from collections.abc import Callable
from functools import partial

import duckdb
from benchmark.floor import STATEMENTS
from support.helpers import Warehouse

EVENTS = 200_000
LIMIT = 3.4  # The models take 2.4 today; to compute every play twice is too much.
MODELS = ("int_recordings", "songplays")
(FLOOR,) = (sql for sql in STATEMENTS if sql.startswith("create table songplays "))
FILL = f"""
insert into staging_songs
select
    'AR' || i % 300, null, 'Rome', null, 'Artist ' || i % 300, 100 + i % 200, 1,
    'SO' || i, 'Title ' || i, i % 90 + 1930, 1
from range(1000) as songs(i);

insert into staging_events
select
    case when is_play then 'Artist ' || song % 300 end,
    'Logged In', 'Ada', 'F', i % 50,
    case when i % 9 = 0 then 'Mu' || chr(195) || chr(177) || 'oz' else 'Moss' end,
    case when is_play then 100 + song % 200 end,
    case when (i // 4000 + person) % 7 < 4 then 'free' else 'paid' end,
    'Marinette, WI-MI', 'PUT',
    case when is_play then 'NextSong' else 'Home' end,
    1540919166796, i // 50,
    case when is_play then 'Title ' || song end,
    200, 1541105830796 + i * 12000 + person, 'Mozilla/5.0', cast(person as varchar), 1
from (
    select
        i,
        i % 7 <> 0 as is_play,
        i * 7919 % 1600 as song,
        i // 50 * 31 % 2500 as person
    from range({EVENTS}) as events(i)
);

insert into loaded_files values
(1, 'events', '/1.json', 'a', 1, {EVENTS}, 0, now()),
(1, 'songs', '/A.json', 'b', 1, 1000, 0, now());
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
COUNTS = "select count(*), count(song_id) from songplays"


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
        found = connection.execute(COUNTS).fetchall()
    assert found == warehouse.rows(COUNTS), "the same job"
    return taken


def test_the_plays_take_not_much_longer_than_the_same_table_by_hand(
    warehouse: Warehouse,
) -> None:
    warehouse.operation("create_staging_tables")
    warehouse.change(FILL)
    warehouse.done("run", "-s", "+songplays")
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
