"""The documentation describes everything that exists."""

import re
from collections import defaultdict

from common.settings import PROJECT
from dbt_project.runner import Dbt
from support.helpers import DataSet

RELATIONS = {"model", "source", "seed"}
COLUMNS = """
    select table_name, lower(column_name), lower(data_type)
    from information_schema.columns
    order by table_name, ordinal_position
"""


def in_duckdb(described: str) -> str:
    """DuckDB's name of a type of the YAML; it does not keep the width of a text."""
    word = described.lower().replace("double precision", "double").replace(" ", "")
    return re.sub(r"^varchar\(.*", "varchar", word)


def test_every_column_that_there_is_has_a_description_and_its_type(
    sample_set: DataSet, dbt: Dbt
) -> None:
    there = defaultdict(list)
    for relation, column, data_type in sample_set.warehouse.rows(COLUMNS):
        there[relation].append((column, data_type))
    nodes = [*dbt._manifest.nodes.values(), *dbt._manifest.sources.values()]
    described = [node for node in nodes if node.resource_type in RELATIONS]
    assert {"source", "model", "seed"} == {node.resource_type for node in described}
    for node in described:
        columns = node.columns.values()
        assert [one.name for one in columns if not one.description.strip()] == []
        # Tools that import the manifest go by these: a date must not be a text.
        typed = [(one.name, in_duckdb(one.data_type or "")) for one in columns]
        assert typed == there[node.name], node.name


def test_everything_has_a_description(dbt: Dbt) -> None:
    # dbt-bouncer holds the same of models, sources and exposures.
    manifest = dbt._manifest
    parts = [manifest.metrics, manifest.semantic_models, manifest.unit_tests]
    for kind in ("seed", "analysis"):
        nodes = manifest.nodes.items()
        parts.append({id_: one for id_, one in nodes if one.resource_type == kind})
    for part in parts:
        assert part
        undescribed = [id_ for id_, one in part.items() if not one.description.strip()]
        assert undescribed == []


def test_the_macros_that_people_name_are_described_with_their_arguments(
    dbt: Dbt,
) -> None:
    named: set[str] = set()
    for page in (PROJECT / "docs").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        named |= set(re.findall(r"run-operation (\w+)", text))
    described = {
        macro.name: macro.arguments
        for macro in dbt._manifest.macros.values()
        if macro.package_name == "sparkify" and macro.description.strip()
    }
    assert described.keys() == named
    # dbt itself checks the names of the arguments: validate_macro_args.
    for name, arguments in described.items():
        for argument in arguments:
            assert argument.description.strip(), f"{name}: {argument.name}"
