"""README, CONTRIBUTING and docs/ say what is so: commands, options, paths, tables."""

import re
from itertools import chain

import click
import pytest
from benchmark.__main__ import main as bench
from common.settings import PROJECT
from insights import main as insights
from sample_data import main as sample_data
from support.pages import PAGES, Page, subcommands
from warehouse import cli

MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
MAKE_VARIABLES = set(re.findall(r"^([A-Z]+) \?=", MAKEFILE, re.MULTILINE)).union(
    *(line.split() for line in re.findall(r"^export (.*)", MAKEFILE, re.MULTILINE))
)
MAKE_TARGETS = set(re.findall(r"^([a-z-]+):", MAKEFILE, re.MULTILINE))
# Options of other programs that the pages name: dbt's, MetricFlow's, AWS's, uv's.
FOREIGN_OPTIONS = {
    *("--args", "--csv", "--defer", "--empty", "--end-time", "--explain", "--limit"),
    *("--namespace-name", "--order", "--output", "--policy-document", "--policy-name"),
    *("--query", "--secret-id", "--select", "--start-time", "--state"),
    *("--store-failures", "--upgrade"),
}
# Made by make, dbt or the load, so not there in a clean checkout.
GENERATED = ("data/", ".venv", "profiles.yml", "target/", "logs/")
SUFFIXES = (".py", ".sql", ".yml", ".yaml", ".toml", ".md", ".csv", ".txt", ".example")
LONGEST = 150  # lines of README


@pytest.fixture(params=PAGES, ids=str)
def page(request: pytest.FixtureRequest) -> Page:
    """Each page in turn."""
    made: Page = request.param
    return made


def options(command: click.Command) -> set[str]:
    """The long options of a command and of those below it, --help included."""
    below = subcommands(command).values() if isinstance(command, click.Group) else []
    own = {opt for param in command.params for opt in param.opts if "--" in opt}
    return own.union({"--help"}, *(options(sub) for sub in below))


def test_every_make_target_and_variable_exists(page: Page) -> None:
    text = "\n".join(page.commands)
    assert set(re.findall(r"\bmake ([a-z][a-z-]*)", text)) <= MAKE_TARGETS
    variables = set(re.findall(r"\bmake (?:run|metrics).*?\b([A-Z]+)=", text))
    assert variables <= MAKE_VARIABLES


def test_every_option_exists_or_is_another_programs() -> None:
    text = "\n".join(chain(*(page.commands for page in PAGES)))
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", text))
    ours = (options(command) for command in (cli, bench, insights, sample_data))
    assert named.difference(*ours) == FOREIGN_OPTIONS


def test_every_path_exists(page: Page) -> None:
    replaced = (
        {name for row in page.table("What it replaces") for name in page.quoted(row[0])}
        if page.has("What it replaces")
        else set()
    )
    words = {
        word for command in page.commands for word in re.split(r'[\s"$(),]+', command)
    }
    named = {
        word
        for word in words - replaced
        if ("/" in word or word.endswith(SUFFIXES))
        and not re.search(r"[*:=<]|NAME", word)
        and not word.startswith(("/", "../", *GENERATED))
    }
    # A script may be called by its bare name.
    homes = (PROJECT, PROJECT / "scripts")
    assert {
        path for path in named if not any((home / path).exists() for home in homes)
    } == set()
    assert {
        link for link in page.links if not (page.path.parent / link).exists()
    } == set()


def test_every_page_is_linked_from_readme() -> None:
    readme = next(page for page in PAGES if page.name == "README.md")
    docs = {page.name for page in PAGES if page.name.startswith("docs/")}
    assert docs
    assert docs <= set(readme.links)
    assert len(readme.text.splitlines()) <= LONGEST


def named_page(name: str) -> Page:
    """One page by its name."""
    return next(page for page in PAGES if page.name == name)


def test_every_command_and_option_is_described() -> None:
    rows = named_page("docs/commands.md").table("Commands and settings")
    described = {row[0].strip("`"): row for row in rows}
    commands = subcommands(cli)
    shared = set.intersection(*(options(command) for command in commands.values()))
    explained = set(re.findall(r"--[a-z-]+", " ".join(row[0] for row in rows)))
    for name, command in commands.items():
        own = set(re.findall(r"--[a-z-]+", described[name][2]))
        assert own == options(command) - shared, name
        assert options(command) <= explained, name


def test_every_environment_variable_of_ours_is_described() -> None:
    scripts = (PROJECT / "scripts").rglob("*.py")
    text = "\n".join(
        path.read_text(encoding="utf-8")
        for path in (PROJECT / "profiles.yml.example", *scripts)
    )
    used = set(re.findall(r"(?:env_var\('|environ\S*?[\[(][\"'])([A-Z_]+)", text))
    page = named_page("docs/commands.md")
    rows = page.table("Environment variables")
    assert used
    assert used - {"USER"} <= {name for row in rows for name in page.quoted(row[0])}


def test_the_published_counts_are_those_that_are_tested() -> None:
    seed = (PROJECT / "seeds" / "expected_results.csv").read_text(encoding="utf-8")
    expected = [line.split(",") for line in seed.splitlines()[1:]]
    rows = named_page("docs/decisions.md").table("The counts of the earlier system")[1:]
    for kind, column in (("earlier_system", 1), ("this_warehouse", 3)):
        shown = {row[0].strip("`"): row[column].replace(",", "") for row in rows}
        counts = {name: count for sort, name, count in expected if sort == kind}
        assert shown == {name: counts[name] for name in shown}, kind
    assert {row[0].strip("`") for row in rows} == {
        name for sort, name, _ in expected if sort == "earlier_system"
    }
