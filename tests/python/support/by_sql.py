"""The same six tables from the same files by one plain DuckDB script: a yardstick.

What a person would write who wants the tables once: no ledger, no checks, no tests, no
increments. It imports dbt first, as everything that is built with dbt has to.
Call: by_sql.py DATABASE LOG_FOLDER SONG_FOLDER
"""

import sys

import dbt.cli.main  # noqa: F401 (its time is part of the measure)
import duckdb

SQL = r"""
set TimeZone = 'UTC';

create macro undo_latin1(text) as try(decode(unhex(array_to_string(list_transform(
    string_split(text, ''),
    lambda c: case when ord(c) < 256 then printf('%02x', ord(c)) else 'no byte' end
), ''))));

create macro clean(text) as nullif(trim(translate(
    case
        when contains(text, 'Ã') or contains(text, 'Â')
            then coalesce(undo_latin1(undo_latin1(text)), text)
        else text
    end,
    chr(24) || chr(25), repeat(chr(39), 2)
)), '');

create schema main_staging;

create table main_staging.staging_events as
select * from read_json(
    $logs || '/**/*.json',
    format = 'newline_delimited',
    columns = {
        artist: 'varchar', auth: 'varchar', firstName: 'varchar', gender: 'varchar',
        itemInSession: 'bigint', lastName: 'varchar', length: 'double',
        level: 'varchar', location: 'varchar', method: 'varchar', page: 'varchar',
        registration: 'double', sessionId: 'bigint', song: 'varchar',
        status: 'bigint', ts: 'bigint', userAgent: 'varchar', userId: 'varchar'
    }
);

-- Of thousands of small files read_json takes ten times as long.
create table main_staging.staging_songs as
with documents as materialized (
    select json
    from read_json_objects($songs || '/**/*.json', format = 'newline_delimited')
)

select unnest(from_json(json, '{
    "artist_id": "varchar", "artist_latitude": "double", "artist_location": "varchar",
    "artist_longitude": "double", "artist_name": "varchar", "duration": "double",
    "num_songs": "bigint", "song_id": "varchar", "title": "varchar", "year": "bigint"
}'))
from documents;

create table songs as
select song_id, clean(title) as title, artist_id, nullif(year, 0) as year, duration
from main_staging.staging_songs;

create table artists as
select
    artist_id,
    clean(artist_name) as name,
    clean(artist_location) as location,
    artist_latitude as latitude,
    artist_longitude as longitude
from main_staging.staging_songs
qualify row_number() over (
    partition by artist_id
    order by latitude is null, location is null, name, location, latitude, longitude
) = 1;

create table songplays as
with plays as (
    select
        md5(concat_ws('|', sessionId, itemInSession, page, ts)) as songplay_id,
        make_timestamp(ts * 1000) as start_time,
        clean(song) as song_title,
        clean(artist) as artist_name,
        *
    from main_staging.staging_events
    where page = 'NextSong'
)

select
    songplay_id,
    start_time,
    userId as user_id,
    level,
    songs.song_id,
    songs.artist_id,
    sessionId as session_id,
    clean(plays.location) as location,
    userAgent as user_agent,
    song_title,
    plays.artist_name,
    length as duration,
    case
        when songs.song_id is null then null
        when round(length, 3) = round(songs.duration, 3) then 'exact'
        else 'title and artist'
    end as song_match
from plays
left join main_staging.staging_songs as songs
    on plays.song_title = clean(songs.title)
    and plays.artist_name = clean(songs.artist_name)
qualify row_number() over (
    partition by songplay_id
    order by abs(length - songs.duration), songs.song_id
) = 1;

create table time as
select distinct
    start_time,
    hour(start_time) as hour,
    day(start_time) as day,
    week(start_time) as week,
    month(start_time) as month,
    year(start_time) as year,
    dayofweek(start_time) as weekday
from songplays;

create table users as
select
    userId as user_id,
    clean(firstName) as first_name,
    clean(lastName) as last_name,
    gender,
    level
from main_staging.staging_events
where userId <> ''
qualify row_number() over (
    partition by userId
    order by ts desc, sessionId desc, itemInSession desc
) = 1;

create table user_levels as
with changes as (
    select userId as user_id, level, make_timestamp(ts * 1000) as valid_from
    from main_staging.staging_events
    where userId <> ''
    qualify level is distinct from lag(level) over (
        partition by userId order by ts, sessionId, itemInSession
    )
)

select
    *,
    lead(valid_from) over (partition by user_id order by valid_from) as valid_to,
    valid_to is null as is_current
from changes;
"""


def main(database: str, logs: str, songs: str) -> None:
    """Build the six tables in a new file."""
    with duckdb.connect(database) as connection:
        for statement in duckdb.extract_statements(SQL):
            names = {"logs": logs, "songs": songs}
            given = {name: names[name] for name in statement.named_parameters}
            connection.execute(statement, given)


if __name__ == "__main__":
    main(*sys.argv[1:])
