-- Every play, matched to the catalogue where it can be. An increment takes the plays of
-- new loads. If they brought songs, it also takes the old plays whose match a new or
-- corrected song may change.
--
-- On Redshift it is sorted by time, which most questions limit.
{{ config(
    materialized='incremental',
    incremental_strategy='bounded_delete_insert',
    unique_key='songplay_id',
    on_schema_change='append_new_columns',
    pre_hook='{{ start_increment() }}',
    post_hook='{{ note_increment() }}',
    sort='start_time'
) }}

{% set since = newest_load(this) if is_incremental() else 0 %}
{% set songs_changed = is_incremental() and has_songs_since(since) %}
{% set is_new_play = "page = 'NextSong'"
    ~ (' and _load_id > ' ~ since if is_incremental() else '') %}
{% set event_columns %}user_id,
        level,
        session_id,
        location,
        user_agent,
        song_title,
        artist_name,
        duration{% endset %}

with songs as (

    select * from {{ ref('stg_songs') }}

),

new_plays as (

    select
        event_id as songplay_id,
        occurred_at as start_time,
        {{ event_columns }},
        _load_id
    from {{ ref('stg_events') }}
    where {{ is_new_play }}

),

{% if songs_changed %}
changed_songs as (

    select * from songs
    where _load_id > {{ since }}

),

affected_plays as (

    select songplay_id from {{ this }}
    where (song_title, artist_name) in (select title, artist_name from changed_songs)

    union

    select songplay_id from {{ this }}
    where song_id in (select song_id from changed_songs)

),

old_plays as (

    select
        songplay_id,
        start_time,
        {{ event_columns }},
        _load_id
    from {{ this }}
    where
        songplay_id in (select songplay_id from affected_plays)
        and songplay_id not in (select songplay_id from new_plays)

),

plays as (

    select * from new_plays
    union all
    select * from old_plays

),
{% else %}
plays as (

    select * from new_plays

),
{% endif %}

-- A match depends on these alone, and they are far fewer than the plays. The events are
-- read again, not one CTE for both: whole plays fill the memory.
recordings as (

    select distinct
        song_title,
        artist_name,
        duration
    from {{ ref('stg_events') }}
    where {{ is_new_play }}
    {% if songs_changed %}

    union

    select
        song_title,
        artist_name,
        duration
    from old_plays
    {% endif %}

),

-- The text is a key that joins also where the duration is null.
candidates as (

    select
        recordings.song_title,
        recordings.artist_name,
        coalesce(cast(recordings.duration as varchar(16)), '') as duration_text,
        songs.song_id,
        songs.artist_id,
        songs._load_id as song_load_id,
        case
            when round(recordings.duration, 3) = round(songs.duration, 3) then 'exact'
            else 'title and artist'
        end as song_match,
        row_number() over (
            partition by
                recordings.song_title,
                recordings.artist_name,
                recordings.duration
            order by abs(recordings.duration - songs.duration), songs.song_id
        ) as closeness
    from recordings
    inner join songs
        on recordings.song_title = songs.title
        and recordings.artist_name = songs.artist_name

),

matches as (

    select * from candidates
    where closeness = 1

),

matched_plays as (

    select
        plays.*,
        matches.song_id,
        matches.artist_id,
        matches.song_match,
        matches.song_load_id
    from plays
    left join matches
        on plays.song_title = matches.song_title
        and plays.artist_name = matches.artist_name
        and coalesce(cast(plays.duration as varchar(16)), '') = matches.duration_text

),

songplays as (

    select
        songplay_id,
        start_time,
        {{ event_columns }},
        song_id,
        artist_id,
        song_match,
        greatest(_load_id, song_load_id) as _load_id
    from matched_plays

)

select * from songplays
