"""The documentation describes everything that exists."""

import json
import re
from typing import Any

import pytest
from common.settings import PROJECT
from support.helpers import DataSet

RELATIONS = ("model", "source", "seed")
PARTS = ("nodes", "sources", "exposures")


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
    for part, kinds in {
        "nodes": ("model", "seed", "analysis"),
        "sources": ("source",),
        "exposures": ("exposure",),
        "metrics": ("metric",),
        "semantic_models": ("semantic_model",),
        "unit_tests": ("unit_test",),
    }.items():
        found = of_kind(site["manifest"][part], *kinds)
        assert found, part
        assert [key for key in found if not found[key]["description"].strip()] == []


def test_every_macro_that_is_used_is_described_with_its_arguments(
    site: dict[str, dict[str, Any]],
) -> None:
    manifest = site["manifest"]
    macros = of_kind(manifest["macros"], "macro")
    used = {
        macro
        for part in ("nodes", "sources", "unit_tests")
        for node in manifest[part].values()
        for macro in node.get("depends_on", {}).get("macros", [])
        if macro.startswith("macro.sparkify.") and "test_" not in macro
    }
    for script in (PROJECT / "scripts").rglob("*.py"):
        text = script.read_text(encoding="utf-8")
        called = re.findall(r'{{+ (\w+)\(|operation\(\s*"(\w+)"', text)
        used |= {f"macro.sparkify.{name}" for pair in called for name in pair}
    used &= macros.keys()
    assert {"load_staging", "rounded_ratio"} <= {macro.split(".")[-1] for macro in used}
    # dbt itself checks the names of the arguments: validate_macro_args.
    for name in sorted(used):
        assert macros[name]["description"].strip(), name
        for argument in macros[name]["arguments"]:
            assert argument["description"].strip(), f"{name}: {argument['name']}"


def test_the_way_from_the_files_to_every_report_is_drawn(
    site: dict[str, dict[str, Any]],
) -> None:
    parents = site["manifest"]["parent_map"]
    exposures = of_kind(site["manifest"]["exposures"], "exposure")
    for exposure in exposures:
        reached, ahead = set(), [exposure]
        while ahead:
            node = ahead.pop()
            reached.add(node)
            ahead += [parent for parent in parents[node] if parent not in reached]
        assert any(node.startswith("source.") for node in reached), exposure
    marts = {
        key
        for key, node in of_kind(site["manifest"]["nodes"], "model").items()
        if node["fqn"][1] == "marts"
    }
    assert marts <= {parent for exposure in exposures for parent in parents[exposure]}


def test_the_overview_links_to_pages_that_there_are(
    site: dict[str, dict[str, Any]],
) -> None:
    manifest = site["manifest"]
    text = manifest["docs"]["doc.sparkify.__overview__"]["block_contents"]
    pages = set(re.findall(r"\(#!/(?!overview)[^)]*?([^/)]+)\)", text))
    assert pages
    assert pages <= {key for part in PARTS for key in manifest[part]}


def test_the_marts_alone_are_public_and_have_an_owner(
    site: dict[str, dict[str, Any]],
) -> None:
    models = of_kind(site["manifest"]["nodes"], "model").values()
    public = {model["name"] for model in models if model["access"] == "public"}
    assert public == {model["name"] for model in models if "marts" in model["fqn"]}
    assert {model["group"] for model in models if model["name"] in public} == {
        "analytics"
    }
    (group,) = site["manifest"]["groups"].values()
    assert group["owner"]["email"]
