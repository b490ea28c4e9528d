"""MetricFlow on the project and the connection of a dbt that a test keeps."""

from typing import Any

from dbt.adapters.factory import get_adapter_by_type
from dbt.contracts.graph.semantic_manifest import SemanticManifest
from dbt_metricflow.cli.cli_configuration import CLIConfiguration
from dbt_metricflow.cli.dbt_connectors.adapter_backed_client import (
    AdapterBackedSqlClient,
)
from dbt_project.runner import Dbt
from metricflow.engine.metricflow_engine import (
    MetricFlowEngine,
    MetricFlowQueryRequest,
)
from metricflow_semantics.model.dbt_manifest_parser import (
    parse_manifest_from_dbt_generated_manifest as parsed,
)
from metricflow_semantics.model.semantic_manifest_lookup import SemanticManifestLookup


def metricflow(dbt: Dbt) -> CLIConfiguration:
    """What `mf` sets up for a command, without its second start and parse of dbt."""
    dbt.query("select 1 as one")  # dbt keeps the adapter of its last command only
    manifest = SemanticManifest(dbt._manifest)._get_pydantic_semantic_manifest()
    made = CLIConfiguration()
    made._is_setup = True
    adapter: Any = get_adapter_by_type(dbt.engine)
    made._sql_client = AdapterBackedSqlClient(adapter)
    made._mf = MetricFlowEngine(
        semantic_manifest_lookup=SemanticManifestLookup(parsed(manifest.json())),
        sql_client=made._sql_client,
    )
    return made


def answer(flow: CLIConfiguration, metrics: str, by: str = "") -> list[dict[str, Any]]:
    """The rows of `mf query --metrics ... --group-by ...`."""
    request = MetricFlowQueryRequest.create(
        metric_names=metrics.split(","), group_by_names=by.split(",") if by else None
    )
    table: Any = flow.mf.query(request).result_df
    return [dict(zip(table.column_names, row, strict=True)) for row in table.rows]


def names(flow: CLIConfiguration) -> tuple[str, str]:
    """All metrics, and all that they can be grouped by, as `mf` wants them."""
    metrics = [metric.name for metric in flow.mf.list_metrics()]
    groups = flow.mf.simple_dimensions_for_metrics(metrics)
    return ",".join(metrics), ",".join(group.dunder_name for group in groups)
