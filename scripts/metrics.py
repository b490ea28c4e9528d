"""Ask for metrics: models/marts/_metrics.yml defines them; MetricFlow writes SQL."""

from __future__ import annotations

from collections.abc import Iterable
from decimal import Decimal
from typing import TYPE_CHECKING, Any

import click
from dbt_project import Dbt
from endings import PlainCommand
from errors import Refused
from messages import say
from questions import answer
from report import print_json, print_table
from settings import did_you_mean

if TYPE_CHECKING:
    from metricflow.engine.metricflow_engine import MetricFlowEngine

GRAINS = ("day", "week", "month", "quarter", "year")
PLACES = 4  # of a number that is not whole, in a table for people


@click.command(
    cls=PlainCommand,
    context_settings={"help_option_names": ["-h", "--help"]},
    epilog="""\b
Examples:
  python scripts/metrics.py
  python scripts/metrics.py plays paid_share --by week
  python scripts/metrics.py plays --by song,artist --limit 10""",
)
@click.argument("metrics", metavar="[METRIC]...", nargs=-1)
@click.option("--by", help="What to group by, with commas between the names.")
@click.option("--limit", type=click.IntRange(1), help="Print so many rows at most.")
@click.option(
    "--target", help="A target of profiles.yml; its default target otherwise."
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON list on stdout.")
@click.option("--sql", is_flag=True, help="Print the query instead of its rows.")
def main(  # noqa: PLR0913 - an argument per option
    *,
    metrics: tuple[str, ...],
    by: str | None,
    limit: int | None,
    target: str | None,
    as_json: bool,
    sql: bool,
) -> None:
    """Print METRICs, all of them if none is named, by time or by what else is known."""
    dbt = Dbt(target)
    asked = Metrics(dbt)
    query = asked.query(metrics, tuple((by or "").replace(",", " ").split()), limit)
    if sql:
        click.echo(query)
        return
    rows = answer(dbt, lambda: asked.rows(query))
    if as_json:
        print_json(rows)
    else:
        print_table([{name: _short(row[name]) for name in row} for row in rows])
    say(f"metrics: {', '.join(asked.names)}")
    say(f"group by: {', '.join(asked.groups)}")


class Metrics:
    """The metrics of the project that dbt has parsed, and what to group them by."""

    def __init__(self, dbt: Dbt) -> None:
        """Raises Refused where MetricFlow is not installed."""
        self._dbt = dbt
        self._engine = _engine(dbt)
        # As the exposure orders them: dbt changes the order of metrics that it parses.
        exposure = dbt._manifest.exposures["exposure.sparkify.metrics"]
        self.names = [name for (name,) in exposure.metrics]
        found = self._engine.simple_dimensions_for_metrics(self.names)
        dimensions = sorted(one.granularity_free_dunder_name for one in found)
        # What people type, and MetricFlow's name for it.
        self.groups = {grain: f"metric_time__{grain}" for grain in GRAINS} | {
            name.split("__")[1]: name
            for name in dimensions
            if "__" in name and not name.endswith("_time")
        }

    def query(
        self,
        metrics: tuple[str, ...] = (),
        by: tuple[str, ...] = (),
        limit: int | None = None,
    ) -> str:
        """The query for some metrics, all if none is named, in an order to be read.

        Raises click.UsageError for a name that is not known.
        """
        from metricflow.engine.metricflow_engine import MetricFlowQueryRequest

        _require_known("metric", metrics, self.names)
        _require_known("group", by, self.groups)
        metrics = metrics or tuple(self.names)
        request = MetricFlowQueryRequest.create(
            metric_names=metrics, group_by_names=[self.groups[name] for name in by]
        )
        explained = self._engine.explain(mf_request=request)
        columns = [
            f"cast({self.groups[name]} as date) as {name}"
            if name in GRAINS
            else f"{self.groups[name]} as {name}"
            for name in by
        ]
        times = [f"{name} asc" for name in by if name in GRAINS]
        others = [f"{name} asc nulls last" for name in by if name not in GRAINS]
        order = [*times, f"{metrics[0]} desc nulls last", *others]
        return (
            f"select {', '.join([*columns, *metrics])}\nfrom (\n"
            f"{explained.sql_statement.without_descriptions.sql}\n) as asked\n"
            f"order by {', '.join(order)}" + (f"\nlimit {limit}" if limit else "")
        )

    def rows(self, query: str) -> list[dict[str, Any]]:
        """The rows of such a query."""
        return self._dbt.query(f"{{% raw %}}{query}{{% endraw %}}")


def _require_known(what: str, names: tuple[str, ...], known: Iterable[str]) -> None:
    for name in names:
        if name not in known:
            raise click.UsageError(
                f"there is no {what} {name}{did_you_mean(name, known)}"
            )


def _engine(dbt: Dbt) -> MetricFlowEngine:
    """MetricFlow on the metrics that dbt has just parsed, for dbt's own target.

    It reads no file of target/: another command may have parsed for another target. It
    writes SQL and has no connection: dbt runs the SQL.
    """
    try:
        from dbt_metricflow.cli.dbt_connectors.adapter_backed_client import (
            SupportedAdapterTypes,
        )
        from metricflow.engine.metricflow_engine import MetricFlowEngine
        from metricflow_semantics.model.dbt_manifest_parser import (
            parse_manifest_from_dbt_generated_manifest as parsed,
        )
        from metricflow_semantics.model.semantic_manifest_lookup import (
            SemanticManifestLookup,
        )
    except ModuleNotFoundError:
        raise Refused(
            "MetricFlow is not installed; `make metrics` installs it"
        ) from None
    from dbt.contracts.graph.semantic_manifest import SemanticManifest

    manifest = SemanticManifest(dbt._manifest)._get_pydantic_semantic_manifest()
    dialect: Any = SupportedAdapterTypes(dbt.engine)  # all that it needs of a client
    return MetricFlowEngine(
        semantic_manifest_lookup=SemanticManifestLookup(parsed(manifest.json())),
        sql_client=dialect,
    )


def _short(value: Any) -> Any:
    """A number for people: whole, or with few decimal places."""
    if not isinstance(value, Decimal) or str(value).isdigit():
        return value
    return round(value, PLACES)


if __name__ == "__main__":
    main()
