"""dbt's own ways to build a part do what its manual says, and spoil nothing."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from common.settings import PROJECT
from dbt.cli.main import dbtRunner
from support.helpers import MARTS, TS, Sources, Warehouse, WarehouseOnce, event, song

DAY = 86_400_000
PARTS = ("models", "macros", "seeds", "tests", "analyses", "dbt_project.yml")
PRODUCTION = "dev"
DEVELOPER = "developer"


@pytest.fixture(scope="module")
def waiting(warehouse_once: WarehouseOnce) -> Warehouse:
    """A built warehouse; a new day and a late song are loaded since, and not built."""

    def fill(warehouse: Warehouse, folder: Path) -> None:
        sources = Sources(folder)
        sources.write_events("1.json", event(0), event(1, userId="8"))
        sources.write_songs("A.json", song("SO1", title="Otra"))
        warehouse.load(sources.data)
        warehouse.build()
        sources.write_events("2.json", event(2, ts=TS + DAY, level="paid"))
        sources.write_songs("B.json", song("SO2"))
        warehouse.load(sources.data)

    return warehouse_once("waiting", fill)


@pytest.fixture(scope="module")
def rebuilt(
    waiting: Warehouse, tmp_path_factory: pytest.TempPathFactory
) -> dict[str, str]:
    """The fingerprints of a rebuild over the same staging tables."""
    copy = waiting.copy(tmp_path_factory.mktemp("rebuilt"))
    copy.done("run", "--full-refresh")
    return copy.fingerprints()


@pytest.fixture
def changed(waiting: Warehouse, warehouse: Warehouse) -> Warehouse:
    """That warehouse, to be changed at will."""
    waiting.copy(warehouse.path.parent)
    return warehouse


@pytest.mark.parametrize(
    "part",
    [
        ("run", "-s", "songplays", "users"),
        ("run", "--empty"),  # of the facts nothing goes
        *(
            pytest.param(part, marks=pytest.mark.long)
            for part in (
                ("run", "-s", "time"),
                ("run", "-s", "users", "user_levels"),
                ("run", "-s", "int_user_steps"),
                ("build", "-s", "songplays+", "--exclude-resource-type", "test"),
                ("run", "--empty", "-s", "songplays"),
                ("seed",),
                ("compile",),
            )
        ),
    ],
    ids=" ".join,
)
def test_a_part_and_then_the_whole_is_the_whole(
    changed: Warehouse, rebuilt: dict[str, str], part: tuple[str, ...]
) -> None:
    changed.done(*part)
    changed.done("run")
    assert changed.fingerprints() == rebuilt


def test_retry_runs_what_failed_and_what_was_skipped_for_it(
    changed: Warehouse, rebuilt: dict[str, str]
) -> None:
    changed.change(
        "insert into staging_songs select * replace (0 as num_songs)"
        " from staging_songs where song_id = 'SO2'"
    )
    failed = changed.dbt("build", "--exclude-resource-type", "unit_test")
    assert not failed.success
    built = models(failed.result, "success")
    assert built == {
        *("stg_events", "int_user_steps", "page_views"),
        *("users", "user_levels", "dates"),
    }
    changed.change("delete from staging_songs where num_songs = 0")
    assert models(changed.done("retry")) == models(failed.result) - built
    assert changed.fingerprints() == rebuilt


def models(results: Any, *statuses: str) -> set[str]:
    """The names of the models among what was run, or of those that ended so."""
    return {
        result.node.name
        for result in results
        if result.node.resource_type == "model"
        if not statuses or result.status in statuses
    }


# Against the state of another build


class Project:
    """A copy of the project with one more target; each target is parsed once."""

    def __init__(self, folder: Path, warehouse: Warehouse) -> None:
        self.folder = folder
        self.warehouse = warehouse
        self.state = folder / "state"
        for part in PARTS:
            if (PROJECT / part).is_dir():
                unneeded = shutil.ignore_patterns("python", "standin")
                shutil.copytree(PROJECT / part, folder / part, ignore=unneeded)
            else:
                shutil.copy(PROJECT / part, folder)
        profiles = yaml.safe_load((PROJECT / "profiles.yml.example").read_text("utf-8"))
        outputs = profiles["sparkify"]["outputs"]
        outputs[PRODUCTION]["path"] = str(warehouse.path)
        outputs[DEVELOPER] = outputs[PRODUCTION] | {"schema": DEVELOPER}
        (folder / "profiles.yml").write_text(yaml.safe_dump(profiles), "utf-8")

    def dbt(self, target: str, *command: str) -> Any:
        """The result of a command, which must succeed."""
        places = ["--project-dir", self.folder, "--profiles-dir", self.folder]
        places += ["--target-path", self.folder / target, "--target", target]
        self.warnings: list[str] = []
        self.warehouse.release()
        runner = dbtRunner(callbacks=[self._see])
        answer = runner.invoke([*command, "--log-level", "none", *map(str, places)])
        assert answer.success, answer.exception or answer.result
        return answer.result

    def against(self, target: str, *command: str) -> Any:
        """The result of a command that looks at the saved state."""
        return self.dbt(target, *command, "--state", str(self.state))

    def _see(self, event: Any) -> None:
        if event.info.name == "JinjaLogWarning":
            self.warnings.append(event.data.msg)


def test_a_developer_sees_what_changed_and_builds_on_production(
    changed: Warehouse, rebuilt: dict[str, str], tmp_path: Path
) -> None:
    def production() -> list[tuple[Any, ...]]:
        """All rows of production's two schemas."""
        return [
            (schema, name, kind, *row)
            for schema, name, kind in changed.rows(
                "select table_schema, table_name, table_type"
                " from information_schema.tables"
                " where table_schema in ('main', 'main_staging') order by all"
            )
            for row in changed.rows(f"select * from {schema}.{name} order by all")
        ]

    def shows_production(*names: str) -> bool:
        return all(
            changed.rows(f"select * from {DEVELOPER}.{name} order by all")
            == changed.rows(f"select * from main.{name} order by all")
            for name in names
        )

    def tables() -> set[str]:
        return {
            name
            for (name,) in changed.rows(
                "select table_name from information_schema.tables"
                f" where table_schema = '{DEVELOPER}' and table_type = 'BASE TABLE'"
            )
        }

    project = Project(tmp_path, changed)
    project.dbt(PRODUCTION, "run", "--vars", '{"tested_load": 1}')
    shutil.copytree(tmp_path / PRODUCTION, project.state)  # as a deployment does
    for target in (PRODUCTION, DEVELOPER):
        assert project.against(target, "ls", "-s", "state:modified") == []
    model = project.folder / "models" / "marts" / "songplays.sql"
    before = model.read_text("utf-8")
    model.write_text(before + "where true\n", "utf-8")
    built = project.against(PRODUCTION, "run", "-s", "state:modified+")
    model.write_text(before, "utf-8")
    assert models(built) == {"songplays", "time"}
    assert changed.fingerprints() == rebuilt

    kept = production()
    assert models(project.against(DEVELOPER, "clone")) > set(MARTS)
    assert shows_production(*MARTS)
    assert tables() == set()
    project.dbt(DEVELOPER, "run", "-s", "songplays", "time")
    assert tables() >= {"songplays", "time"}
    assert shows_production(*MARTS)

    users = ("run", "-s", "users", "--defer")
    assert models(project.against(DEVELOPER, *users)) == {"users"}
    assert project.warnings == []
    assert shows_production("users")
    # What the developer has built of the same name goes before production's ...
    project.dbt(DEVELOPER, "run", "-s", "+int_user_steps")
    assert [warning[:22] for warning in project.warnings] == ["nothing is loaded yet,"]
    project.against(DEVELOPER, *users)
    assert changed.value(f"select count(*) from {DEVELOPER}.users") == 0
    # ... if production's is not favoured.
    project.against(DEVELOPER, *users, "--favor-state")
    assert shows_production("users")
    assert production() == kept
