"""`check` passes on the stand-in, and each of its lines can fail."""

import sys
from collections.abc import Callable
from typing import Any

import pytest
import warehouse as commands
from check import checks
from check.check_run import CheckRun
from click.testing import CliRunner
from standin.faults import Row
from support.redshift_warehouse import RedshiftWarehouse, denied

Differ = Callable[[RedshiftWarehouse, pytest.MonkeyPatch], None]


# test_redshift_faults.py proves the same as the dearest line.
@pytest.mark.parametrize(
    "left_out",
    [("two builds at once",), pytest.param((), marks=pytest.mark.long)],
)
def test_check_passes_on_the_stand_in_and_leaves_nothing(
    cluster: RedshiftWarehouse,
    monkeypatch: pytest.MonkeyPatch,
    left_out: tuple[str, ...],
) -> None:
    for name in left_out:
        monkeypatch.delitem(checks.LINES, name)
    cluster.manifests.put("m/mine.json", b"{}")
    monkeypatch.setenv("REDSHIFT_SCHEMA", "theirs")
    done = CliRunner().invoke(commands.cli, ["check", *cluster.options])
    said = done.stdout.splitlines()
    assert done.exit_code == 0, done.output
    assert [line.split(":")[0] for line in said] == [
        f"pass  {name}" for name in checks.LINES
    ]
    assert not denied(cluster.sent())
    assert set(cluster.manifests.contents) == {"m/mine.json"}
    schemas = "select nspname from pg_namespace where nspname ~ 'sparkify_check'"
    assert cluster.rows(schemas) == []
    done = CliRunner().invoke(commands.cli, ["check", "--target", "dev"])
    assert done.exit_code == 3
    assert "give --target redshift" in done.stderr


def for_files(part: str, change: Row) -> Callable[[str, Row], Row]:
    """A change of the rows of sys_load_detail whose file name has a part."""

    def changed(view: str, row: Row) -> Row:
        hit = view == "detail" and part in row["file_name"]
        return row | change if hit else row

    return changed


def views(*changes: Any) -> Differ:
    return lambda cluster, _: cluster.faults.views(*changes)


def says(pattern: str, text: str) -> Differ:
    return lambda cluster, _: cluster.faults.fail(pattern, text)


DIFFERENCES: list[tuple[str, Differ]] = [
    ("system views", views("no history")),
    ("marts", says("^select table_name, column_name", "permission denied")),
    ("odd files", views(for_files("blank", {"lines_scanned": 5}))),
    ("odd files", views(for_files("caf", {"file_name": "names/caf?.json"}))),
    ("odd files", views(for_files("empty lines", {"lines_scanned": 1}))),
    ("odd files", views(for_files("songs/2", {"lines_scanned": 24}))),
    ("bad lines", views("no errors")),
    ("bad lines", says("^copy load_events .* maxerror 3", "out of memory")),
    ("byte order mark", views("no errors")),
    ("a repeated key", views("views empty")),
    (
        "two builds at once",
        lambda _, patch: patch.setattr(sys, "executable", "false"),
    ),
]


@pytest.mark.long
def test_each_line_fails_where_the_cluster_differs(
    cluster: RedshiftWarehouse, monkeypatch: pytest.MonkeyPatch
) -> None:
    cluster.view_seconds = 0
    data = cluster.data
    root = f"{data.manifests}/check/"
    s3 = cluster.server.client("s3")
    check_run = CheckRun(cluster._dbt, data, root, s3)
    assert {*dict(DIFFERENCES), "nothing is left"} == set(checks.LINES)
    for name, differ in DIFFERENCES:
        with monkeypatch.context() as patch:
            differ(cluster, patch)
            passed, seen = checks.outcome(name, check_run)
        assert not passed, f"{name}: {seen}"
        assert cluster.faults.struck(), name
        cluster.faults.clear()
    # Its schema is not one that check made.
    passed, seen = checks.outcome("nothing is left", check_run)
    assert not passed
    assert "is not a schema of `warehouse.py check`" in seen
