"""What a load cannot be cheaper than: DuckDB's own reader into a typed table.

python read_json.py LOG_FOLDER SONG_FOLDER DUCKDB_FILE
"""

import sys
from pathlib import Path

import duckdb
from floor import EVENTS, SONGS, STATEMENTS


def main(logs: str, songs: str, database: str) -> None:
    """Write the two staging tables of the floor, and nothing else."""
    Path(database).unlink(missing_ok=True)
    with duckdb.connect(database) as connection:
        connection.execute("set threads = 2")
        for statement in STATEMENTS[:2]:
            connection.execute(
                statement.format(
                    logs=logs, songs=songs, events=EVENTS, songs_columns=SONGS
                )
            )


if __name__ == "__main__":
    main(*sys.argv[1:4])
