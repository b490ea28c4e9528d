"""The export: each mart as Parquet, and all of them in one DuckDB file."""

from pathlib import Path
from typing import Any

from common.errors import Refused
from common.messages import say
from common.signals import explained
from dbt_project.profile import target_type
from dbt_project.runner import Dbt, Rows

from export.folder import check_folder, current, locked, replaced

DATABASE = "sparkify.duckdb"


def check(folder: Path, target: str | None) -> None:
    """Raise Refused where nothing can be exported, before anything is done."""
    if target_type(target) == "redshift":
        raise Refused(
            "export is for DuckDB; on Redshift, read the marts there or UNLOAD them"
        )
    check_folder(folder)


def export(dbt: Dbt, folder: Path, counts: Rows) -> dict[str, Any]:
    """Export the marts of the tested build that `counts` shows: rows and bytes.

    Does nothing where the folder has that build. Raises Refused where the folder is not
    an export, or another process exports to it.
    """
    build = str(counts[0]["build"])
    marts = {
        row["name"]: int(row["row_count"]) for row in counts if row["kind"] == "marts"
    }
    names = {DATABASE, *(f"{mart}.parquet" for mart in marts)}
    with locked(folder), explained(lambda: f"{folder} is as it was; run again"):
        check_folder(folder)
        old = current(folder)
        present = {file.name for file in old.glob("*")} if old else set()
        is_old = old and old.name.startswith(build) and names <= present
        if not is_old:
            with replaced(folder, build) as new:
                dbt.operation("export_marts", folder=str(new), database=DATABASE)
        size = sum((folder / name).stat().st_size for name in names)
    if is_old:
        say(f"{folder} has this build already")
    else:
        say(
            f"exported {len(marts)} marts: {sum(marts.values()):,} rows,"
            f" {size / 1e6:,.1f} MB in {folder}"
        )
    return {"folder": str(folder), "marts": marts, "bytes": size}
