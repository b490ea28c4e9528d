"""Rows that did not change are not written."""

from support.helpers import event, song
from support.redshift_warehouse import SCHEMA, RedshiftWarehouse


def test_a_day_rewrites_no_song_that_stays(cluster: RedshiftWarehouse) -> None:
    def built() -> dict[str, set[tuple[str | None, ...]]]:
        """The keys of each mart with the transactions that wrote their rows."""
        cluster.load()
        cluster.done("run", "-s", "+songs", "+artists")
        return {
            mart: set(
                cluster.server.query(
                    f"select {mart[:-1]}_id, cast(xmin as text) from {SCHEMA}.{mart}"
                )
            )
            for mart in ("songs", "artists")
        }

    def written() -> dict[str, int]:
        nonlocal before
        after = built()
        counts = {mart: len(after[mart] - before[mart]) for mart in after}
        before = after
        return counts

    songs = [song(f"SO{i}", artist_id=f"AR{i}") for i in range(500)]
    cluster.put_events("1.json", event(0))
    cluster.put_songs("1.json", *songs)
    before = built()
    cluster.put_events("2.json", event(1))
    assert written() == {"songs": 0, "artists": 0}
    cluster.put_songs(
        "2.json", *(song(f"SX{i}", artist_id=f"AX{i}") for i in range(10))
    )
    assert written() == {"songs": 10, "artists": 10}
