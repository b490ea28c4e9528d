"""The floor's seven tables by pandas, as Parquet files.

python pandas_tables.py LOG_FOLDER SONG_FOLDER OUT_FOLDER
"""

import sys
from pathlib import Path

import pandas as pd
from schema import EVENT_KEY, EVENTS, SONG_KEY, SONGS, USER_COLUMNS

TYPES = {str: "string", int: "Int64", float: "float64"}


def read(folder: str, columns: dict[str, type]) -> pd.DataFrame:
    """All JSON files below a folder, one object a line."""
    kinds = {name: TYPES[kind] for name, kind in columns.items()}
    frames = [
        pd.read_json(path, lines=True, dtype=kinds, convert_dates=False)
        for path in sorted(Path(folder).rglob("*.json"))
    ]
    return pd.concat(frames, ignore_index=True).reindex(columns=list(columns))


def main(logs: str, songs_folder: str, out: str) -> None:
    """Write staging tables and marts."""
    folder = Path(out)
    folder.mkdir()
    events, songs = read(logs, EVENTS), read(songs_folder, SONGS)
    plays = events[events["page"] == "NextSong"].copy()
    plays["start_time"] = pd.to_datetime(plays["ts"].astype("int64"), unit="ms")
    known = songs.sort_values("song_id").drop_duplicates(
        ["title", "artist_name", "duration"]
    )[["song_id", "artist_id", "title", "artist_name", "duration"]]
    matched = plays.rename(columns={"artist": "artist_name", "song": "title"}).merge(
        known,
        how="left",
        left_on=["title", "artist_name", SONG_KEY[2]],
        right_on=["title", "artist_name", "duration"],
    )
    key = matched[EVENT_KEY].astype("string").agg("|".join, axis=1)
    matched["songplay_id"] = pd.util.hash_pandas_object(key, index=False)
    time = plays[["start_time"]].drop_duplicates()
    at = time["start_time"].dt
    tables = {
        "staging_events": events,
        "staging_songs": songs,
        "songs": songs.sort_values("title").drop_duplicates("song_id")[
            ["song_id", "title", "artist_id", "year", "duration"]
        ],
        "artists": songs.groupby("artist_id", as_index=False)[
            ["artist_name", "artist_location", "artist_latitude", "artist_longitude"]
        ].max(),
        "users": events[events["userId"] != ""]
        .sort_values("ts")
        .drop_duplicates("userId", keep="last")[USER_COLUMNS],
        "time": time.assign(
            hour=at.hour,
            day=at.day,
            week=at.isocalendar().week,
            month=at.month,
            year=at.year,
            weekday=at.dayofweek,
        ),
        "songplays": matched[
            [
                "songplay_id",
                "start_time",
                "userId",
                "level",
                "song_id",
                "artist_id",
                "sessionId",
                "location",
                "userAgent",
                "title",
                "artist_name",
                "length",
            ]
        ].rename(columns={"length": "duration", "title": "song_title"}),
    }
    for name, table in tables.items():
        table.to_parquet(folder / f"{name}.parquet", index=False)


if __name__ == "__main__":
    main(*sys.argv[1:])
