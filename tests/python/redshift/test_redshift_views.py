"""Whatever the system views say of a COPY, a load is right or it is nothing."""

import time

import pytest
from common.errors import WarehouseError
from load import redshift
from load.loading import Loaded
from standin.faults import VIEWS
from support.helpers import event, lines, song
from support.redshift_delivery import Delivery
from support.redshift_warehouse import RedshiftWarehouse

NO_ROW = "sys_load_detail has no row of this file (0 of 1 are there)"
FIRST = "s3://sparkify-data/logs/3.json.gz"
# What each fault of the views makes a load say; nothing where the load is right.
WRONG_VIEWS: dict[tuple[str, ...], str] = {
    ("no history",): "",
    ("ids shifted",): "",
    ("ids shifted", "no history"): f"{FIRST}: {NO_ROW}",
    ("views empty",): f"{FIRST}: {NO_ROW}",
    ("names without bucket",): "",
    ("names cut",): f"{FIRST}: {NO_ROW}",
    ("a file missing",): f"{FIRST}: {NO_ROW}",
    ("a line too many",): (
        "events: COPY reported 1 rows, but the system views count 2 lines and 0 refused"
    ),
    ("no errors",): (
        "events: COPY reported 4 rows, but the system views count 5 lines and 0 refused"
    ),
    ("other etags",): f"{FIRST}: changed while it was read; run again",
    ("no etags",): "",
}


@pytest.fixture(autouse=True)
def no_long_wait(cluster: RedshiftWarehouse) -> None:
    cluster.view_seconds = 0


def test_wrong_views_stop_the_load_or_do_no_harm(delivery: Delivery) -> None:
    assert {name for names in WRONG_VIEWS for name in names} == set(VIEWS)
    for names, words in WRONG_VIEWS.items():
        delivery.take_back()
        delivery.cluster.faults.views(*names)
        said = delivery.disturbed_load()
        assert said.startswith(words), names
        assert (said == "") == (words == ""), names
        published = delivery.cluster.published() == delivery.after
        assert published == (words == ""), names
        steps = " after 0 s; nothing was loaded: set system_view_seconds in [data] of"
        assert not words or "run again" in words or steps in said, names
    delivery.cluster.faults.views()
    delivery.converges()


def test_late_views_are_awaited_and_then_the_load_stops(
    delivery: Delivery, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(redshift, "ANALYZE_ROWS", 4)
    faults = delivery.cluster.faults
    faults.views(late=60)
    assert delivery.disturbed_load().startswith(f"{FIRST}: {NO_ROW}")
    assert delivery.cluster.published() == delivery.before
    delivery.cluster.view_seconds = 60
    faults.clear()
    faults.views(late=2)
    started, cpu = time.monotonic(), time.process_time()
    delivery.load()
    waited, worked = time.monotonic() - started, time.process_time() - cpu
    assert waited > 2
    assert worked < waited / 2, "it sleeps"
    assert delivery.cluster.published() == delivery.after
    looks = [sql for sql in delivery.cluster.sent() if "from sys_load_history" in sql]
    assert 1 < len(looks) < 8, "one look a second"
    analyzed = [sql for sql in delivery.cluster.sent() if sql.startswith("analyze")]
    assert analyzed == ['analyze "sparkify_staging"."staging_events"'], "it grew"


def test_without_max_errors_no_view_of_errors_has_to_be_right(
    cluster: RedshiftWarehouse,
) -> None:
    cluster.put_events("1.json", event(0))
    bad = cluster.put("logs/2.json", b"{\n" + lines(event(1)))
    cluster.put_songs("A.json", song("SO1"))
    stopped = "more bad lines than --max-errors allows, "
    cluster.faults.views("no errors")
    message = cluster.refused()
    assert message.startswith(f"{stopped}and sys_load_error_detail does not say which")
    assert "nothing was loaded: `SPARKIFY_DUCKDB=:memory: warehouse.py load" in message
    cluster.faults.views("ids shifted", "names without bucket")
    message = cluster.refused()
    assert message.startswith(f"{bad}, line 1: Invalid JSON object; {stopped}nothing")
    cluster.bucket.delete("logs/2.json")
    cluster.faults.views("no errors")
    assert cluster.load() == Loaded(2, 2, 0)


def test_several_versions_of_a_key_in_one_load_stop_it(
    cluster: RedshiftWarehouse,
) -> None:
    """DuckDB takes the last by path; Redshift does not know which that is."""
    cluster.put_events("1.json", event(0), event(1))
    cluster.put_songs("A.json", song("SO1"))
    cluster.put_events("2.json", event(0), event(1, level="paid"))
    message = cluster.refused()
    key = event(1)
    assert message.startswith(
        "events: 1 key(s) with different rows in one load, and Redshift does not say"
        f" which is the later: session_id {key['sessionId']} item_in_session"
        f" {key['itemInSession']} page NextSong ts {key['ts']}; nothing was loaded:"
    )
    cluster.put_events("2.json", event(0), event(1))
    assert cluster.load() == Loaded(3, 5, 0)
    assert cluster.value("select count(*) from staging_events") == "2"
    superseded = "select load_id, source, superseded_load_id, row_count, row_key"
    superseded += " from superseded_rows order by load_id, source"
    assert cluster.rows(superseded) == [("1", "events", "1", "2", None)]
    # Blanks at the end count, although Redshift compares without them.
    cluster.put_songs("B.json", song("SO2", title="Eres"))
    cluster.put_songs("C.json", song("SO2", title="Eres "))
    assert cluster.refused().startswith("songs: 1 key(s) with different rows in one lo")
    # A later load replaces, as ever.
    cluster.bucket.delete("songs/C.json")
    cluster.load()
    cluster.put_songs("C.json", song("SO2", title="Eres "))
    loaded = cluster.load()
    assert loaded == Loaded(1, 1, 0)
    assert loaded.replaced_keys == ("song_id SO2 (load 2, replaced by load 3)",)
    assert cluster.rows(superseded)[1:] == [("3", "songs", "2", "1", "song_id SO2")]
    # And a reload has all versions in one load.
    with pytest.raises(WarehouseError, match="songs: 1 key"):
        cluster.load(reload=True)
