"""`run` from start to end: what it loads, builds, prints, and how it fails."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from click.testing import Result
from dbt_project.runner import Dbt
from support.helpers import MARTS, NONE_REPLACED, NOTHING, DataSet, Warehouse

Run = Callable[..., Result]


def test_a_run_prints_what_plain_python_counts_in_the_files(data_set: DataSet) -> None:
    assert data_set.stdout.count("\n") == 1, "one object and no more"
    assert json.loads(data_set.stdout) == data_set.ran
    assert data_set.warehouse.status() == data_set.summary
    logs, songs = len(data_set.logs), len(data_set.songs)
    files, rows, _ = data_set.summary["load"].values()
    where, *said = data_set.stderr.splitlines()
    assert where.startswith("warehouse  /")
    assert said[:5] == [
        f"events     {data_set.data.events}  (from --events)",
        f"songs      {data_set.data.songs}  (from --songs)",
        f"events: {logs} files, {logs} to read",
        f"songs: {songs:,} files, {songs:,} to read",
        f"loaded {files:,} files: {rows:,} rows, 0 rejected",
    ]
    assert said[5].startswith("built ")
    assert said[-1].endswith(" tests passed")


def test_again_it_loads_and_builds_nothing_and_a_person_reads_a_table(
    tested: Warehouse, loaded: tuple[str, ...], run: Run
) -> None:
    before = tested.status()
    done = run("run", *loaded)
    assert done.exit_code == 0
    assert done.stderr.splitlines()[-1] == NOTHING
    assert "built" not in done.stderr
    lines = done.stdout.splitlines()
    assert lines[0] == "files loaded              0   (0 rows, 0 rejected)"
    assert lines[1] == "staging_events            1"
    assert lines[-1] == "matched                   1   of 1 plays, 1 of them exact"
    none = {"files": 0, "rows": 0, "rejected": 0} | NONE_REPLACED
    assert json.loads(run("run", "--json", *loaded).stdout) == before | {"load": none}
    status = json.loads(run("status", "--json").stdout)
    (load,) = status.pop("loads")
    assert (load["files"], load["rows"], load["changed"]) == (2, 2, 0)
    assert status == before == tested.status()
    # status adds a fingerprint behind the rows of each mart, and the loads.
    *told, heads, _, load = run("status").stdout.splitlines()
    row = dict(zip(heads.split(), load.split(), strict=False))
    assert row.items() >= {"load_id": "1", "files": "2", "rejected": "0"}.items()
    assert all(len(line) < 80 for line in (*told, heads, load))
    assert [line.split()[:2] for line in told[1:]] == [
        line.split()[:2] for line in lines[1:]
    ]
    assert [len(line.split()) for line in told[3:-1]] == [3] * len(MARTS)


def test_another_code_builds_and_a_rebuild_and_a_reload_build_all(
    tested: Warehouse,
    loaded: tuple[str, ...],
    run: Run,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def build(self: Dbt, full_refresh: bool, counts: Any) -> Any:
        built.append(full_refresh)
        return self.counts()

    built: list[bool] = []
    monkeypatch.setattr(Dbt, "build", build)
    monkeypatch.setattr(Dbt, "_code", lambda self: "another")
    files = [
        json.loads(run("run", "--json", word, *loaded).stdout)["load"]["files"]
        for word in ("--json", "--full-refresh", "--reload")
    ]
    assert (built, files) == ([False, True, True], [0, 0, 2])


@pytest.mark.parametrize(
    ("words", "code", "told"),
    [
        (["load", "--events", "/nowhere"], 1, "error: events: /nowhere: No such file"),
        (["load", "--events", ""], 3, "error: events is empty; name a folder"),
        (["load", "--config", "/nowhere"], 3, "error: /nowhere: No such file"),
        (["run", "--max-errors", "-1"], 2, "Invalid value for '--max-errors'"),
        (["load", "--full-refresh"], 2, "No such option '--full-refresh'"),
        (
            ["show", "most_played_song"],
            2,
            "there is no analysis most_played_song; `show`",
        ),
        (["export", "s3://bucket/marts"], 2, "copy it with `aws s3 sync`"),
        (["export", "/x", "--target", "redshift"], 3, "error: export is for DuckDB;"),
        (["run", "--export", "/x", "--target", "redshift"], 3, "read the marts there"),
    ],
)
def test_a_failure_is_1_a_wrong_word_2_and_a_wrong_setting_3(
    run: Run, words: list[str], code: int, told: str
) -> None:
    done = run(*words)
    assert (done.exit_code, done.stdout) == (code, "")
    assert told in done.stderr


def test_a_build_that_fails_is_1_and_names_what_failed(
    tested: Warehouse, loaded: tuple[str, ...], run: Run
) -> None:
    # What no load lets in, so that a data test has something to find.
    tested.change("update staging_events set level = 'gold'; delete from tested_loads")
    done = run("run", "--json", *loaded, "--full-refresh")
    assert (done.exit_code, done.stdout) == (1, "")
    last = done.stderr.splitlines()[-1]
    assert last.startswith("error: dbt build: ")
    assert "accepted_values_" in last
    assert "level" in last
    log = Path(last.split("; see ")[1].split(",")[0])
    assert "accepted_values_" in log.read_text(encoding="utf-8")


def test_plain_dbt_works_before_any_load(
    warehouse: Warehouse, capsys: pytest.CaptureFixture[str]
) -> None:
    warehouse.done("docs", "generate", "--no-compile")
    assert "nothing is loaded yet" not in capsys.readouterr().err
    warehouse.done("build")
    assert capsys.readouterr().err.count("warning: nothing is loaded yet") == 1
    assert set(warehouse.status()["marts"]) == set(MARTS)
