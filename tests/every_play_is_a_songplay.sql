{{ config(description='songplays lacks plays of a day, or has plays without event.') }}

-- Counts and sums by day find what an increment lost or took twice, without the keys of
-- all events. Row by row `songplays_equals_a_rebuild` compares.
{% set span = arrived_span(source('sparkify', 'staging_events'), 'ts')
    if execute and var('tested_load') else none %}
with plays as (

    select
        cast(occurred_at as date) as play_date,
        count(*) as row_count,
        sum(session_id) as sessions
    from {{ ref('stg_events') }}
    where page = 'NextSong' and {{ arrived(ref('stg_events')) }}
    group by cast(occurred_at as date)

),

songplays as (

    select
        cast(start_time as date) as play_date,
        count(*) as row_count,
        sum(session_id) as sessions
    from {{ ref('songplays') }}
    {% if span %}
    where start_time between
        {{ timestamp_from_ms(span['first'] or 0) }}
        and {{ timestamp_from_ms(span['last'] or 0) }}
    {% endif %}
    group by cast(start_time as date)

)

select
    coalesce(plays.play_date, songplays.play_date) as play_date,
    coalesce(plays.row_count, 0) as events,
    coalesce(songplays.row_count, 0) as songplays
from plays
full outer join songplays
    on plays.play_date = songplays.play_date
where
    coalesce(plays.row_count, 0) <> coalesce(songplays.row_count, 0)
    or coalesce(plays.sessions, 0) <> coalesce(songplays.sessions, 0)
