"""The floor's seven tables by SQLMesh: its statements as models, all built once.

python sqlmesh_tables.py LOG_FOLDER SONG_FOLDER DUCKDB_FILE
"""

import re
import sys
import tempfile
from pathlib import Path

from floor import EVENTS, SONGS, STATEMENTS
from sqlmesh import Context
from sqlmesh.core.config import (
    Config,
    DuckDBConnectionConfig,
    GatewayConfig,
    ModelDefaultsConfig,
)

CREATE = re.compile(r"create table (\w+) as (.*)", re.DOTALL)


def main(logs: str, songs: str, database: str) -> None:
    """Write the project into a temporary folder, plan and apply it."""
    given = {"logs": logs, "songs": songs, "events": EVENTS, "songs_columns": SONGS}
    with tempfile.TemporaryDirectory() as folder:
        models = Path(folder) / "models"
        models.mkdir()
        for statement in STATEMENTS:
            if created := CREATE.match(statement.format(**given)):
                query = re.sub(r"\bfrom (staging_\w+)", r"from star.\1", created[2])
                (models / f"{created[1]}.sql").write_text(
                    f"MODEL (name star.{created[1]}, kind FULL);\n\n{query}\n",
                    encoding="utf-8",
                )
        connection = DuckDBConnectionConfig(database=database)
        config = Config(
            gateways={"local": GatewayConfig(connection=connection)},
            default_gateway="local",
            # SQLMesh folds names to lower case otherwise, the keys of the JSON too.
            model_defaults=ModelDefaultsConfig(
                dialect="duckdb,normalization_strategy=case_sensitive"
            ),
            disable_anonymized_analytics=True,
        )
        context = Context(paths=folder, config=config)
        context.plan(auto_apply=True, no_prompts=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
