"""The documentation describes everything that exists."""

import json
import re
from typing import Any

import pytest
from common.settings import PROJECT
from support.helpers import DataSet

RELATIONS = ("model", "source", "seed")


@pytest.fixture(scope="module")
def site(
    sample_set: DataSet, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, dict[str, Any]]:
    """The manifest and the catalog that the documentation has."""
    folder = tmp_path_factory.mktemp("docs")
    sample_set.warehouse.done("docs", "generate", "--target-path", folder.as_posix())
    return {
        name: json.loads((folder / f"{name}.json").read_text(encoding="utf-8"))
        for name in ("manifest", "catalog")
    }


def of_kind(entries: dict[str, Any], *kinds: str) -> dict[str, Any]:
    """The entries of some resource types, by unique id."""
    return {
        unique_id: entry
        for unique_id, entry in sorted(entries.items())
        if unique_id.split(".")[0] in kinds
    }


def same_type(described: str, there: str) -> bool:
    """Whether a type of the YAML is DuckDB's; neither says the width of a text."""
    word = described.lower().replace("double precision", "double").replace(" ", "")
    return re.sub(r"^varchar\(.*", "varchar", word) == there.lower()


def test_every_column_that_there_is_has_a_description_and_its_type(
    site: dict[str, dict[str, Any]],
) -> None:
    told = of_kind(site["manifest"]["nodes"] | site["manifest"]["sources"], *RELATIONS)
    there = of_kind(site["catalog"]["nodes"] | site["catalog"]["sources"], *RELATIONS)
    assert told.keys() == there.keys()
    for unique_id, relation in told.items():
        columns = {
            name.lower(): column["type"]
            for name, column in there[unique_id]["columns"].items()
        }
        assert list(relation["columns"]) == list(columns), unique_id
        for name, column in relation["columns"].items():
            assert column["description"].strip(), f"{unique_id}.{name}"
            # Tools that import the manifest go by these: a date must not be a text.
            assert same_type(column["data_type"] or "", columns[name]), (
                f"{unique_id}.{name}: {column['data_type']} is {columns[name]}"
            )


def test_everything_has_a_description(site: dict[str, dict[str, Any]]) -> None:
    # dbt-bouncer holds the same of models, sources and exposures.
    for part in ("nodes", "metrics", "semantic_models", "unit_tests"):
        kinds = ("seed", "analysis", "metric", "semantic_model", "unit_test")
        found = of_kind(site["manifest"][part], *kinds)
        assert found, part
        assert [key for key in found if not found[key]["description"].strip()] == []


def test_the_macros_that_people_name_are_described_with_their_arguments(
    site: dict[str, dict[str, Any]],
) -> None:
    named: set[str] = set()
    for page in (PROJECT / "docs").glob("*.md"):
        text = page.read_text(encoding="utf-8")
        named |= set(re.findall(r"run-operation (\w+)", text))
    described = {
        macro["name"]: macro["arguments"]
        for macro in of_kind(site["manifest"]["macros"], "macro").values()
        if macro["package_name"] == "sparkify" and macro["description"].strip()
    }
    assert described.keys() == named
    # dbt itself checks the names of the arguments: validate_macro_args.
    for name, arguments in described.items():
        for argument in arguments:
            assert argument["description"].strip(), f"{name}: {argument['name']}"
