"""README, CONTRIBUTING and docs/ say what is so: commands, options, paths, tables."""

import re
from itertools import chain

import click
from benchmark.__main__ import main as bench
from common.settings import PROJECT
from insights import main as insights
from sample_data import main as sample_data
from support.pages import PAGES, subcommands
from warehouse import cli

MAKEFILE = (PROJECT / "Makefile").read_text(encoding="utf-8")
# All that the pages tell one to type, or quote.
COMMANDS = "\n".join(chain(*(page.commands for page in PAGES.values())))
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


def options(command: click.Command) -> set[str]:
    """The long options of a command and of those below it, --help included."""
    below = subcommands(command).values() if isinstance(command, click.Group) else []
    own = {opt for param in command.params for opt in param.opts if "--" in opt}
    return own.union({"--help"}, *(options(sub) for sub in below))


def test_every_make_target_variable_and_option_exists() -> None:
    targets = set(re.findall(r"\bmake ([a-z][a-z-]*)", COMMANDS))
    assert targets <= set(re.findall(r"^([a-z-]+):", MAKEFILE, re.M))
    variables = set(re.findall(r"\bmake (?:run|metrics).*?\b([A-Z]+)=", COMMANDS))
    exported = re.findall(r"^export (.*)|^([A-Z]+) \?=", MAKEFILE, re.M)
    assert variables <= {name for line in exported for name in " ".join(line).split()}
    named = set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", COMMANDS))
    ours = (options(command) for command in (cli, bench, insights, sample_data))
    assert named.difference(*ours) == FOREIGN_OPTIONS


def test_every_path_exists() -> None:
    replaced = {
        name
        for row in PAGES["docs/decisions.md"].table("What it replaces")
        for name in PAGES["docs/decisions.md"].quoted(row[0])
    }
    named = {
        word
        for word in set(re.split(r'[\s"$(),]+', COMMANDS)) - replaced
        if ("/" in word or word.endswith(SUFFIXES))
        and not re.search(r"[*:=<]|NAME", word)
        and not word.startswith(("/", "../", *GENERATED))
    }
    # A script may be called by its bare name.
    homes = (PROJECT, PROJECT / "scripts")
    assert [at for at in named if not any((home / at).exists() for home in homes)] == []
    links = {page.path.parent / link for page in PAGES.values() for link in page.links}
    assert [link for link in links if not link.exists()] == []


def test_every_page_is_linked_from_readme() -> None:
    readme = PAGES["README.md"]
    assert {name for name in PAGES if name.startswith("docs/")} <= set(readme.links)
    assert len(readme.text.splitlines()) <= LONGEST


def test_every_command_and_option_is_described() -> None:
    rows = PAGES["docs/commands.md"].table("Commands and settings")
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
    page = PAGES["docs/commands.md"]
    rows = page.table("Environment variables")
    assert used
    assert used - {"USER"} <= {name for row in rows for name in page.quoted(row[0])}


def test_the_published_counts_are_those_that_are_tested() -> None:
    seed = (PROJECT / "seeds" / "expected_results.csv").read_text(encoding="utf-8")
    expected = [line.split(",") for line in seed.splitlines()[1:]]
    rows = PAGES["docs/decisions.md"].table("The counts of the earlier system")[1:]
    for kind, column in (("earlier_system", 1), ("this_warehouse", 3)):
        shown = {row[0].strip("`"): row[column].replace(",", "") for row in rows}
        counts = {name: count for sort, name, count in expected if sort == kind}
        assert shown == {name: counts[name] for name in shown}, kind
    assert {row[0].strip("`") for row in rows} == {
        name for sort, name, _ in expected if sort == "earlier_system"
    }
