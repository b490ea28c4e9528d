"""On Redshift the same files give the same marts as on DuckDB, whatever came when."""

import json
import random
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path
from typing import Any

import duckdb
import pytest
from common.settings import Data
from dbt_project.runner import Dbt
from insights_page.page import page
from load.loading import Loaded
from support.helpers import DataSet, Warehouse, event, lines, song
from support.metrics import answer, metricflow, names
from support.pages import questions
from support.redshift_warehouse import RedshiftWarehouse


def put(cluster: RedshiftWarehouse, data: Data) -> None:
    """Put into the cluster's bucket what DuckDB loads from folders."""
    cluster.bucket.put_folder("logs", Path(data.events))
    cluster.bucket.put_folder("songs", Path(data.songs))


def metrics(dbt: Dbt) -> dict[tuple[Any, ...], float | None]:
    """All metrics, as a whole and by each group."""
    flow = metricflow(dbt)
    every, groups = names(flow)
    return {
        (by, next(iter(row.values())) if by else None, name): (
            None if row[name] is None else float(row[name])
        )
        for by in ("", *groups.split(","))
        for row in answer(flow, every, by)
        for name in every.split(",")
    }


def both(cluster: RedshiftWarehouse, warehouse: Warehouse) -> dict[str, Any]:
    """What both say they hold, which must be the same."""
    here, there = warehouse.status(), cluster.status()
    for found in (here, there):
        del found["load"]
    assert there == here
    return there


@pytest.mark.long
def test_the_real_files_give_what_plain_python_counts(
    cluster: RedshiftWarehouse, real_set: DataSet
) -> None:
    put(cluster, real_set.data)
    done = cluster.cli("run", "--json")
    assert done.exit_code == 0, done.stderr
    assert json.loads(done.stdout) == real_set.ran
    assert cluster.load() == Loaded(0, 0, 0)


def test_the_sample_gives_the_same_marts_answers_page_and_metrics_on_both(
    cluster: RedshiftWarehouse, sample_set: DataSet
) -> None:
    put(cluster, sample_set.data)
    cluster.load()
    cluster.done("run")
    assert cluster.status() == sample_set.summary
    assert cluster.load() == Loaded(0, 0, 0)
    warehouse = sample_set.warehouse
    for question in questions():
        answer = [
            tuple(None if value is None else str(value) for value in row)
            for row in warehouse.rows(question)
        ]
        assert cluster.rows(question) == answer, question
    pages = [page(dbt) for dbt in (warehouse._opened(), cluster._dbt)]
    compared = zip(*(text.splitlines() for text in pages), strict=True)
    # One line names the warehouse.
    assert sum(one != other for one, other in compared) == 1

    here = metrics(warehouse._opened())
    # Engines add fractions in different orders: the last digits differ.
    assert metrics(cluster._dbt) == pytest.approx(here, rel=1e-9)


def test_fractions_are_rounded_alike_and_as_the_files_digits_say(
    cluster: RedshiftWarehouse, dbt: Dbt
) -> None:
    chance = random.Random(21)
    digits = ["0.000005", "-0.000005", "2.000025", "123.456785", "99998.999995"]
    digits += [
        f"{chance.uniform(-low, low):.{places}f}"
        for low in (1, 180, 99_998)
        for places in (6, 7, 8, 9)
        for _ in range(500)
    ]
    text = "select $${{ to_decimal('number', 10) }}$$ as rounded"
    rounded = dbt.query(text)[0]["rounded"]
    with duckdb.connect() as connection:
        here = connection.execute(
            f"select {rounded} from (select unnest(?::double[]) as number)", [digits]
        ).fetchall()
    values = ",".join(f"({at}, {text})" for at, text in enumerate(digits))
    there = cluster.server.query(
        "create temp table numbers (at int, number double precision);"
        f" insert into numbers values {values};"
        f" select {rounded} from numbers order by at"
    )
    wanted = [
        Decimal(text).quantize(Decimal("0.00001"), ROUND_HALF_UP) for text in digits
    ]
    assert [row[0] for row in here] == wanted
    assert [Decimal(str(row[0])) for row in there] == wanted


def test_a_warehouse_grows_as_on_duckdb(
    cluster: RedshiftWarehouse, warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    # A late log, a changed log, a corrected song and songs that come last.
    steps: list[dict[str, list[dict[str, Any]]]] = [
        {
            "logs/2.json": [event(5), event(6, level="paid", ts=event(9)["ts"])],
            "logs/3.json": [event(1)],
            "songs/A.json": [song("SO1", title="Otra")],
        },
        {
            "logs/1.json": [event(2, userId="")],
            "logs/3.json": [event(1, firstName="Eva")],
            "songs/A.json": [song("SO1", year=0)],
            "songs/B.json": [song("SO0")],
            "songs/C.json": [song("SO9", artist_name="CafÃ\u0083Â© Tacuba")],
        },
    ]
    for step in steps:
        for key, objects in step.items():
            cluster.put(key, lines(*objects))
            warehouse.put(key, lines(*objects))
        assert cluster.load() == warehouse.load()
        cluster.done("run")
        warehouse.done("run")
    grown = both(cluster, warehouse)
    cluster.done("run", "--full-refresh")
    assert both(cluster, warehouse) == grown

    # A reload leaves what the files hold now, and says what it leaves out.
    cluster.bucket.delete("logs/2.json")
    (warehouse.files / "logs" / "2.json").unlink()
    capsys.readouterr()
    assert cluster.load(reload=True) == warehouse.load(reload=True)
    lost = "reload leaves out 2 events that only overwritten or deleted files held:"
    assert capsys.readouterr().err.count(f"{lost} session_id 1 item_in_session 5") == 2
    cluster.done("run")
    warehouse.done("run")
    left = both(cluster, warehouse)
    assert left["staging"]["staging_events"] == 2
    assert sum(left["marts"][fact]["rows"] for fact in ("songplays", "page_views")) == 2
