-- Every play, matched to the catalogue where it can be. An increment takes the plays of
-- new loads, and those old plays whose match a new or corrected song may change.
{{ config(
    materialized='incremental',
    incremental_strategy='bounded_delete_insert',
    unique_key='songplay_id',
    on_schema_change='append_new_columns',
    pre_hook=["{{ wait_for_other_builds() }}", "{{ forget_replaced_loads() }}"],
    sort='start_time',
    dist='start_time'
) }}
-- On Redshift sorted by time, which most questions bound, and spread by it like `time`:
-- to the millisecond it is even, and the two join where they lie.

{% do refuse_full_refresh() %}
{% set since = newest_load(this) if is_incremental() else 0 %}

with events as (

    select * from {{ ref('stg_events') }} as stg_events
    where page = 'NextSong'

),

songs as (

    select * from {{ ref('stg_songs') }} as stg_songs

),

new_plays as (

    select
        event_id as songplay_id,
        occurred_at as start_time,
        user_id,
        level,
        session_id,
        location,
        user_agent,
        song_title,
        artist_name,
        duration,
        _load_id
    from events
    {% if is_incremental() %}
    where _load_id > {{ since }}
    {% endif %}

),

{% if is_incremental() %}
changed_songs as (

    select * from songs
    where _load_id > {{ since }}

),

affected_plays as (

    select plays.songplay_id
    from {{ this }} as plays
    inner join changed_songs
        on plays.song_title = changed_songs.title
        and plays.artist_name = changed_songs.artist_name

    union

    select plays.songplay_id
    from {{ this }} as plays
    inner join changed_songs
        on plays.song_id = changed_songs.song_id

),

old_plays as (

    select plays.*
    from {{ this }} as plays
    inner join affected_plays
        on plays.songplay_id = affected_plays.songplay_id
    left join new_plays
        on plays.songplay_id = new_plays.songplay_id
    where new_plays.songplay_id is null

),

{% endif %}
plays as (

    select * from new_plays
    {% if is_incremental() %}
    union all
    select
        songplay_id,
        start_time,
        user_id,
        level,
        session_id,
        location,
        user_agent,
        song_title,
        artist_name,
        duration,
        _load_id
    from old_plays
    {% endif %}

),

candidates as (

    select
        plays.songplay_id,
        songs.song_id,
        songs.artist_id,
        songs._load_id,
        case
            when round(plays.duration, 3) = round(songs.duration, 3) then 'exact'
            else 'title and artist'
        end as song_match,
        row_number() over (
            partition by plays.songplay_id
            order by
                abs(plays.duration - songs.duration) asc nulls last,
                songs.song_id asc nulls last
        ) as closeness
    from plays
    inner join songs
        on plays.song_title = songs.title
        and plays.artist_name = songs.artist_name

),

matched as (

    select
        plays.songplay_id,
        plays.start_time,
        plays.user_id,
        plays.level,
        candidates.song_id,
        candidates.artist_id,
        plays.session_id,
        plays.location,
        plays.user_agent,
        plays.song_title,
        plays.artist_name,
        plays.duration,
        candidates.song_match,
        greatest(plays._load_id, candidates._load_id) as _load_id
    from plays
    left join candidates
        on plays.songplay_id = candidates.songplay_id
        and candidates.closeness = 1

)

select * from matched
