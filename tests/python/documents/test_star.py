"""The pictures of the star and of the way of the data are those of the code."""

import re
from collections.abc import Iterator
from typing import Any

import pytest
import yaml
from common.settings import PROJECT
from support.pages import Page

README = Page(PROJECT / "README.md")
MODEL = Page(PROJECT / "docs" / "model.md")
Mart = dict[str, Any]


@pytest.fixture(scope="module")
def marts() -> dict[str, Mart]:
    """The marts' properties by name, in the order in which the pages name them."""
    path = PROJECT / "models" / "marts" / "_marts.yml"
    models = yaml.safe_load(path.read_text(encoding="utf-8"))["models"]
    return {model["name"]: model for model in models}


def named_tests(tests: list[Any], name: str) -> Iterator[dict[str, Any]]:
    """The arguments of the tests of a name."""
    for test in tests:
        if isinstance(test, dict) and name in test:
            yield test[name].get("arguments", {})


def key(mart: Mart) -> list[str]:
    """The columns that a test holds to be unique, alone or together."""
    alone = [
        column["name"]
        for column in mart["columns"]
        if "unique" in column.get("data_tests", [])
    ]
    together = list(named_tests(mart.get("data_tests", []), "unique_together"))
    return alone or [column for test in together for column in test["columns"]]


def references(marts: dict[str, Mart]) -> dict[tuple[str, str], tuple[str, str]]:
    """Which mart and column a mart's column must be found in, by its test."""
    return {
        (name, column["name"]): (
            re.sub(r"ref\('(.*)'\)", r"\1", test["to"]),
            test["field"],
        )
        for name, mart in marts.items()
        for column in mart["columns"]
        for test in named_tests(column.get("data_tests", []), "relationships")
    }


def diagram(marts: dict[str, Mart]) -> str:
    """The star as the marts' contracts and tests have it.

    A column is a foreign key if a test wants it among the keys of another mart; then
    it is one, or at most one if it may be null. Where a test wants the way back too,
    every key is used at least once.
    """
    wanted = references(marts)
    foreign = {
        child: parent
        for child, parent in wanted.items()
        if key(marts[parent[0]]) == [parent[1]]
    }
    drawn = ["erDiagram"]
    for name, mart in marts.items():
        drawn.append(f"    {name} {{")
        for column in mart["columns"]:
            marks = ["PK"] if column["name"] in key(mart) else []
            marks += ["FK"] if (name, column["name"]) in foreign else []
            kind = column["data_type"].split("(")[0]
            words = f"{kind} {column['name']} {', '.join(marks)}".rstrip()
            drawn.append(f"        {words}")
        drawn.append("    }")
    for child, parent in foreign.items():
        columns = {column["name"]: column for column in marts[child[0]]["columns"]}
        sure = {"type": "not_null"} in columns[child[1]].get("constraints", [])
        used = wanted.get(parent) == child
        drawn.append(
            f"    {parent[0]} {'||' if sure else '|o'}--{'|{' if used else 'o{'}"
            f" {child[0]} : {child[1]}"
        )
    return "\n".join(drawn) + "\n"


def test_the_picture_is_the_star(marts: dict[str, Mart]) -> None:
    drawn = diagram(marts)
    if MODEL.blocks("mermaid")[0] != drawn:
        pytest.fail(f"the picture in docs/model.md should be\n{drawn}", pytrace=False)


def test_every_mart_is_in_the_table_with_its_key(marts: dict[str, Mart]) -> None:
    rows = README.table("Sparkify's listening warehouse")[1:]
    shown = {row[0].strip("`"): README.quoted(row[1]) for row in rows}
    keys = {name: key(mart) for name, mart in marts.items()}
    assert {name: shown[name] for name in keys} == keys


def test_the_picture_of_the_data_flow_names_every_relation(
    marts: dict[str, Mart],
) -> None:
    flow = README.blocks("mermaid")[0]
    path = PROJECT / "models" / "staging" / "_staging.yml"
    staging = yaml.safe_load(path.read_text(encoding="utf-8"))
    relations = {table["name"] for table in staging["sources"][0]["tables"]}
    relations |= {model["name"] for model in staging["models"]}
    # The load and `run` keep these two for themselves.
    for name in relations - {"file_times", "tested_loads"} | marts.keys():
        assert re.search(rf"\b{name}\b", flow), name
