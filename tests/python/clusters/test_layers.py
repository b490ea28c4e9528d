"""A walk from a command to its work goes down: modules import what stands below."""

import ast
import re
from functools import cache
from pathlib import Path

from common import aws, s3_address
from common.settings import PROJECT

SCRIPTS = PROJECT / "scripts"
# The AWS half of the scripts, from the top; each may import only what comes after it.
CHANGING = ("create_", "delete_", "detach_", "modify_", "put_", "revoke_", "update_")
ORDER = [
    "cluster.commands",
    "cluster.up",
    "cluster.down",
    "cluster.apply",
    "cluster.status",
    "cluster.plan",
    "cluster.look",
    "cluster.serverless",
    "cluster.provisioned",
    "cluster.existing",
    "cluster.steps",
    "cluster.cost",
    "cluster.wanted",
    "load.loading",
    "load.redshift",
    "load.manifests",
    "load.s3",
    "load.files",
    "common.aws",
    "common.settings",
    "common.s3_address",
    "common.errors",
]


def path_of(module: str) -> Path:
    return SCRIPTS.joinpath(*module.split(".")).with_suffix(".py")


@cache
def imports(module: str, at_once: bool = False) -> frozenset[str]:
    """The project's own modules that this one imports: anywhere in it, or `at_once`."""
    found, tree = set(), ast.parse(path_of(module).read_text(encoding="utf-8"))
    for node in tree.body if at_once else ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            found.add(node.module)
            found |= {f"{node.module}.{alias.name}" for alias in node.names}
    return frozenset(name for name in found if path_of(name).is_file())


def reached(module: str, at_once: bool = False) -> set[str]:
    """The module and all that it imports, directly or not."""
    found, rest = set(), [module]
    while rest:
        if (name := rest.pop()) not in found:
            found.add(name)
            rest += imports(name, at_once)
    return found


def test_no_module_imports_one_above_it() -> None:
    for place, module in enumerate(ORDER):
        assert not imports(module) & set(ORDER[: place + 1]), module


def test_every_module_of_the_cluster_has_its_place() -> None:
    made = {f"cluster.{path.stem}" for path in (SCRIPTS / "cluster").glob("[a-z]*.py")}
    assert made == {name for name in ORDER if name.startswith("cluster.")}


def test_status_imports_nothing_that_deletes() -> None:
    below = reached("cluster.status")
    assert not below & {"cluster.up", "cluster.down", "cluster.apply"}
    # A plan names what to remove, but `cluster.apply` alone makes the calls.
    for module in below:
        calls = {
            node.func.attr
            for node in ast.walk(ast.parse(path_of(module).read_text(encoding="utf-8")))
            if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute)
        }
        assert not [call for call in calls if call.startswith(CHANGING)], module


def test_a_command_on_duckdb_imports_no_code_of_the_cluster() -> None:
    # The commands themselves ask for it within functions, for Redshift only.
    below = reached("warehouse", at_once=True)
    assert {"load.loading", "export.exporting", "command_line.report"} <= below
    assert not [name for name in below if name.startswith(("cluster.", "check."))]


def test_commands_are_on_top_and_what_they_import_is_in_packages() -> None:
    commands = {path.stem for path in SCRIPTS.glob("*.py")}
    assert len(commands) <= 8
    modules = [path.relative_to(SCRIPTS) for path in SCRIPTS.rglob("[a-z]*.py")]
    for path in modules:
        name = ".".join(path.with_suffix("").parts)
        assert not imports(name) & commands, name


def test_boto3_makes_clients_in_one_place_only() -> None:
    makers = {
        path.name
        for path in SCRIPTS.rglob("*.py")
        if "import boto3" in path.read_text(encoding="utf-8")
    }
    assert makers == {"aws.py"}


def test_what_python_lets_into_copy_cannot_end_a_literal() -> None:
    for pattern, widest in (
        (s3_address.PLAIN_PREFIX, "aZ0_.=+@-/b/"),
        (aws.REGION, "us-gov-west-1"),
        (aws.ROLE_ARN, "arn:aws-cn:iam::123456789012:role/aZ0+=,.@_/-"),
        (s3_address.ADDRESS.pattern, "s3://a-bucket.0/prefix"),
    ):
        assert re.fullmatch(pattern, widest)
        for end in "'\\":
            assert not re.fullmatch(pattern, widest.replace("-", end))
