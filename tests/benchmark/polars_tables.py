"""The floor's seven tables by Polars, as Parquet files.

python polars_tables.py LOG_FOLDER SONG_FOLDER OUT_FOLDER
"""

import sys
from pathlib import Path

import polars as pl
from floor import EVENTS, SONGS

TYPES = {"varchar": pl.String, "bigint": pl.Int64, "double": pl.Float64}
EVENT_KEY = ["sessionId", "itemInSession", "page", "ts"]
USER_COLUMNS = ["userId", "firstName", "lastName", "gender", "level"]


def read(folder: str, columns: dict[str, str]) -> pl.DataFrame:
    """All JSON files below a folder, one object a line."""
    schema = {name: TYPES[kind] for name, kind in columns.items()}
    paths = sorted(Path(folder).rglob("*.json"))
    return pl.concat([pl.read_ndjson(path, schema=schema) for path in paths])


def main(logs: str, songs_folder: str, out: str) -> None:
    """Write staging tables and marts."""
    folder = Path(out)
    folder.mkdir()
    events, songs = read(logs, EVENTS), read(songs_folder, SONGS)
    plays = events.filter(pl.col("page") == "NextSong")
    start_time = pl.from_epoch("ts", time_unit="ms").alias("start_time")
    known = songs.sort("song_id").unique(
        ["title", "artist_name", "duration"], keep="first", maintain_order=True
    )
    at = pl.col("start_time").dt
    tables = {
        "staging_events": events,
        "staging_songs": songs,
        "songs": songs.sort("title")
        .unique("song_id", keep="first", maintain_order=True)
        .select("song_id", "title", "artist_id", "year", "duration"),
        "artists": songs.group_by("artist_id").agg(
            pl.col("artist_name").max().alias("name"),
            pl.col("artist_location").max().alias("location"),
            pl.col("artist_latitude").max().alias("latitude"),
            pl.col("artist_longitude").max().alias("longitude"),
        ),
        "users": events.filter(pl.col("userId") != "")
        .group_by("userId")
        .agg(pl.col(USER_COLUMNS[1:]).sort_by("ts").last()),
        "time": plays.select(start_time)
        .unique()
        .with_columns(
            at.hour().alias("hour"),
            at.day().alias("day"),
            at.week().alias("week"),
            at.month().alias("month"),
            at.year().alias("year"),
            at.weekday().alias("weekday"),
        ),
        "songplays": plays.join(
            known.select("song_id", "artist_id", "title", "artist_name", "duration"),
            left_on=["song", "artist", "length"],
            right_on=["title", "artist_name", "duration"],
            how="left",
        ).select(
            pl.concat_str(EVENT_KEY, separator="|").hash().alias("songplay_id"),
            start_time,
            pl.col("userId").alias("user_id"),
            "level",
            "song_id",
            "artist_id",
            pl.col("sessionId").alias("session_id"),
            "location",
            pl.col("userAgent").alias("user_agent"),
            pl.col("song").alias("song_title"),
            pl.col("artist").alias("artist_name"),
            pl.col("length").alias("duration"),
        ),
    }
    for name, table in tables.items():
        table.write_parquet(folder / f"{name}.parquet")


if __name__ == "__main__":
    main(*sys.argv[1:])
