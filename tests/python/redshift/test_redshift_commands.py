"""The commands on Redshift: what they cost and what they show."""

import json
from collections.abc import Callable

import warehouse as commands
from dbt_project.runner import Dbt
from support.helpers import MARTS, TS, event, song
from support.redshift_warehouse import SCHEMA, RedshiftWarehouse


def test_a_day_costs_few_statements_and_what_is_built_is_shown(
    cluster: RedshiftWarehouse, redshift_dbt: Dbt
) -> None:
    """Each connection costs more, and most statements cost two or three round trips."""
    schemas = "select nspname from pg_namespace order by 1"
    before = cluster.rows(schemas)
    assert commands._contents(redshift_dbt)["load"]["files"] == 0
    assert cluster.rows(schemas) == before, "status makes none"
    done = [cluster.cli("show", "most_played_songs")]
    assert done[-1].exit_code == 3
    assert "songplays yet; build it with `warehouse.py run`" in done[-1].stderr

    def costs(act: Callable[[], object], statements: int, round_trips: int) -> None:
        act()
        assert len(cluster.server.statements) <= statements
        assert cluster.server.round_trips <= round_trips
        cluster.faults.clear()

    def day() -> None:
        done.append(cluster.cli("run"))
        assert done[-1].exit_code == 0

    cluster.put_events("1.json", event(0), event(1))
    cluster.put_songs("A.json", song("SO1"))
    day()
    first = done[-1].stderr.splitlines()[0]
    assert first.startswith("warehouse  ")
    assert first.endswith(f", schema {SCHEMA}")
    (row,) = json.loads(cluster.cli("show", "most_played_songs", "--json").stdout)
    assert (row["song_title"], row["artist_name"]) == ("Eres", "Café Tacuba")
    assert (row["plays"], row["listeners"]) == (2, 1)
    cluster.faults.clear()
    cluster.put_events("1.json", event(1, level="paid"), event(2))
    cluster.put_events("2.json", event(3, ts=TS - 9 * 86_400_000))
    costs(day, statements=40 * len(MARTS), round_trips=100 * len(MARTS))
    assert "built songplays" in done[-1].stderr
    costs(day, statements=8, round_trips=18)
    assert "nothing to build" in done[-1].stderr
    costs(lambda: commands._contents(redshift_dbt), statements=12, round_trips=40)
