-- Every play, with the song that its recording matched. An increment takes the plays of
-- new loads, and the old plays whose recording has another match since. Its watermark
-- is that of the recordings: a newer play is computed again with its recording.
--
-- On Redshift it is sorted by time, which most questions limit.
{{ config(
    materialized='incremental',
    incremental_strategy='bounded_delete_insert',
    unique_key='songplay_id',
    sort='start_time'
) }}

{% set since = watermark(this) if is_incremental() else 0 %}
{% set of_recording %}recordings.recording_id,
        recordings.song_title,
        recordings.artist_name,
        recordings.song_id,
        recordings.artist_id,
        recordings.song_match{% endset %}

with recordings as (

    select * from {{ ref('int_recordings') }}

),

events as (

    select * from {{ ref('stg_events') }}
    where page = 'NextSong' and _load_id > {{ since }}

),

new_plays as (

    select
        events.event_id as songplay_id,
        events.occurred_at as start_time,
        events.user_id,
        events.level,
        events.session_id,
        events.location,
        events.user_agent,
        events.state,
        events.duration,
        {{ of_recording }},
        greatest(events._load_id, recordings._load_id) as _load_id
    from events
    left join recordings
        on events.raw_title = recordings.raw_title
        and events.raw_artist = recordings.raw_artist
        and coalesce(events.duration, -1) = coalesce(recordings.duration, -1)

)

select * from new_plays
{% if is_incremental() and has_songs_since(since) %}
union all
select
    plays.songplay_id,
    plays.start_time,
    plays.user_id,
    plays.level,
    plays.session_id,
    plays.location,
    plays.user_agent,
    plays.state,
    plays.duration,
    {{ of_recording }},
    recordings._load_id
from {{ this }} as plays
inner join recordings
    on plays.recording_id = recordings.recording_id
where
    recordings._load_id > {{ since }}
    and plays.songplay_id not in (select songplay_id from new_plays)
{% endif %}
