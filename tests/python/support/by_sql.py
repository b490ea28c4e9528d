"""Four tables of staging tables by plain DuckDB statements: a yardstick for models."""

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
