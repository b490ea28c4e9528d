"""README says what is so: commands, options, paths, the star, and what you will see."""

import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator
from itertools import chain
from pathlib import Path
from typing import Any

import click
import pytest
import yaml
from sample_data import main as sample_data
from settings import PROJECT
from warehouse import cli

README = (PROJECT / "README.md").read_text(encoding="utf-8")
MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
GIT = shutil.which("git")
MAKE_TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
# Options of other programs that README names: dbt's.
FOREIGN_OPTIONS = {"--args", "--defer", "--empty", "--limit", "--vars"}
# Made by make, dbt or the load, so not there in a clean checkout.
GENERATED = ("data/", ".venv", "profiles.yml")
SUFFIXES = (".py", ".sql", ".yml", ".yaml", ".toml", ".md", ".csv", ".txt", ".example")


def section(title: str) -> str:
    """The text below a heading, up to the next one of its rank or a higher one."""
    rank = README.index(f" {title}\n") - README.rindex("\n", 0, README.index(title)) - 1
    start = README.index(f"\n{'#' * rank} {title}\n")
    following = re.compile(rf"^#{{1,{rank}}} ", re.MULTILINE)
    match = following.search(README, start + 1 + rank + len(title))
    return README[start : match.start() if match else len(README)]


def blocks(language: str, text: str = README) -> list[str]:
    """The fenced blocks of a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def quoted(text: str = README) -> list[str]:
    """What stands in back quotes within lines."""
    outside = re.sub(r"^```.*?^```$", "", text, flags=re.MULTILINE | re.DOTALL)
    return re.findall(r"`([^`\n]+)`", outside)


def commands() -> list[str]:
    """All that README tells one to type, or quotes."""
    return [*quoted(), *chain(*(block.splitlines() for block in blocks("sh")))]


def table_rows(text: str) -> list[list[str]]:
    """The cells of all rows of a section's tables, headings included."""
    return [
        [cell.strip() for cell in line.strip("|").split("|")]
        for line in text.splitlines()
        if line.startswith("|") and not line.startswith("| ---")
    ]


def test_the_quickstart_is_two_commands_that_make_has() -> None:
    quickstart = blocks("sh", section("One minute on DuckDB"))[0]
    assert quickstart == "make run\nmake test\n"
    assert {"run", "test"} <= MAKE_TARGETS


def test_every_make_target_named_exists() -> None:
    named = {
        target
        for command in commands()
        for target in re.findall(r"^make ([a-z-]+)", command)
    }
    assert {"run", "test", "lint", "docs"} <= named
    assert named <= MAKE_TARGETS


def test_every_variable_given_to_make_exists() -> None:
    named = set(re.findall(r"\bmake run.*?\b([A-Z]+)=", "\n".join(commands())))
    assert named
    assert named <= set(re.findall(r"^([A-Z]+) \?=", MAKEFILE, re.MULTILINE))


def options(command: click.Command) -> set[str]:
    """The long options of a command and of those below it, --help included."""
    below = command.commands.values() if isinstance(command, click.Group) else []
    own = {option for param in command.params for option in param.opts}
    return own.union({"--help"}, *(options(sub) for sub in below))


def test_every_option_named_exists() -> None:
    named = {
        option
        for command in commands()
        for option in re.findall(r"(?<![\w-])--[a-z][a-z-]*", command)
    }
    known = {option for option in options(cli) | options(sample_data) if "--" in option}
    assert named <= known | FOREIGN_OPTIONS
    assert FOREIGN_OPTIONS - named == set(), "an exception that nothing needs"


def test_every_command_and_option_is_described() -> None:
    rows = table_rows(section("The command line"))
    told = {row[0].strip("`"): row for row in rows}
    shared = set.intersection(*(options(command) for command in cli.commands.values()))
    described = set(re.findall(r"--[a-z-]+", " ".join(row[0] for row in rows)))
    for name, command in cli.commands.items():
        own = set(re.findall(r"--[a-z-]+", told[name][2]))
        assert own == options(command) - shared, name
        assert options(command) <= described


def test_every_path_named_exists() -> None:
    old = [row[0] for row in table_rows(section("What it replaces"))]
    replaced = set(chain(*(quoted(cell) for cell in old)))
    links = re.findall(r"\]\(([^)#]+)\)", README)
    words = {word for command in commands() for word in re.split(r'[\s"$()]+', command)}
    named = {
        word
        for word in words - replaced
        if ("/" in word or word.endswith(SUFFIXES))
        and not re.search(r"[*:=]", word)
        and not word.startswith(("/", *GENERATED))
    } | set(links)
    # A script may be called by its bare name.
    homes = (PROJECT, PROJECT / "scripts")
    missing = [
        path for path in named if not any((home / path).exists() for home in homes)
    ]
    assert {"scripts/warehouse.py", "LICENSE", "warehouse.toml"} <= named
    assert missing == []


def test_every_environment_variable_of_ours_is_named() -> None:
    sources = [PROJECT / "profiles.yml.example", *(PROJECT / "scripts").glob("*.py")]
    text = "\n".join(path.read_text(encoding="utf-8") for path in sources)
    used = set(re.findall(r"(?:env_var\('|environ\S*?[\[(][\"'])([A-Z_]+)", text))
    rows = table_rows(section("Environment variables"))
    named = {name for row in rows for name in quoted(row[0])}
    assert used
    assert used <= named


Mart = dict[str, Any]


@pytest.fixture(scope="module")
def marts() -> dict[str, Mart]:
    """The marts' properties by name, in the order in which we speak of them."""
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
    picture = next(
        block for block in blocks("mermaid") if block.startswith("erDiagram")
    )
    assert picture == diagram(marts), "README's erDiagram should be the right-hand side"


def test_the_picture_follows_the_tests(marts: dict[str, Mart]) -> None:
    columns = marts["songplays"]["columns"]
    start_time = next(entry for entry in columns if entry["name"] == "start_time")
    song_id = next(entry for entry in columns if entry["name"] == "song_id")
    changed = marts | {
        "songplays": marts["songplays"]
        | {"columns": [start_time | {"constraints": []}, song_id | {"data_tests": []}]}
    }
    drawn = diagram(changed)
    assert "time |o--|{ songplays : start_time" in drawn
    assert "songs |o--o{ songplays" not in drawn


def test_every_mart_is_in_the_table_with_its_key(marts: dict[str, Mart]) -> None:
    rows = table_rows(README[: README.index("\n## ")])[1:]
    told = {row[0].strip("`"): quoted(row[1]) for row in rows}
    assert told == {name: key(mart) for name, mart in marts.items()}
    overview = (PROJECT / "models" / "overview.md").read_text(encoding="utf-8")
    for name in marts:
        assert f"| [{name}](#!/model/model.sparkify.{name}) |" in overview


def test_the_picture_of_the_data_flow_names_every_relation(
    marts: dict[str, Mart],
) -> None:
    flow = next(block for block in blocks("mermaid") if block.startswith("flowchart"))
    path = PROJECT / "models" / "staging" / "_staging.yml"
    staging = yaml.safe_load(path.read_text(encoding="utf-8"))
    relations = {table["name"] for table in staging["sources"][0]["tables"]}
    relations |= {model["name"] for model in staging["models"]}
    # Notes that the load and `run` make for themselves are nobody else's business.
    for name in relations - {"file_times", "tested_loads"} | marts.keys():
        assert re.search(rf"\b{name}\b", flow), name


def test_the_published_counts_are_those_that_are_tested() -> None:
    seed = (PROJECT / "seeds" / "expected_results.csv").read_text(encoding="utf-8")
    expected = [line.split(",") for line in seed.splitlines()[1:]]
    rows = table_rows(section("The counts of the earlier system"))[1:]
    for kind, column in (("published", 1), ("keyed", 3)):
        told = {row[0].strip("`"): row[column].replace(",", "") for row in rows}
        counts = {name: count for sort, name, count in expected if sort == kind}
        assert told == {name: counts[name] for name in told}, kind
    assert {row[0].strip("`") for row in rows} == {
        name for sort, name, _ in expected if sort == "published"
    }


@pytest.fixture
def clone(tmp_path: Path) -> Path:
    """A clone of what is committed, with this Python's packages as its .venv."""
    folder = tmp_path / "clone"
    if GIT is None or not (PROJECT / ".git").exists():
        pytest.skip("this is no git checkout, or there is no git")
    subprocess.run([GIT, "clone", "--quiet", PROJECT, folder], check=True)
    venv = folder / ".venv"
    venv.mkdir()
    for entry in Path(sys.prefix).iterdir():
        if entry.suffix != ".done":
            (venv / entry.name).symlink_to(entry)
    # Installed as far as make can tell, which compares times.
    for name in ("run.done", "dev.done"):
        (venv / name).touch()
    return folder


def test_the_quickstart_shows_what_readme_says(clone: Path) -> None:
    text = section("One minute on DuckDB")
    first = blocks("sh", text)[0].splitlines()[0]
    ours = ("SPARKIFY_", "DBT_", "MAKE", "MFLAGS", "PYTEST_")
    environment = {
        name: value for name, value in os.environ.items() if not name.startswith(ours)
    }
    done = subprocess.run(
        first.split(),
        cwd=clone,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert blocks("text", text)[0] in done.stdout
    assert "Look next" in done.stdout
    left = subprocess.check_output([str(GIT), "status", "--short"], cwd=clone)
    assert left == b"", "a run leaves nothing behind that git would see"
