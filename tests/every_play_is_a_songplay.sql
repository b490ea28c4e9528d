{{ config(description='songplays lacks a play, or has one that no event backs.') }}

{% set span = arrived_span(source('sparkify', 'staging_events'), 'ts')
    if execute and var('tested_load') else none %}
with plays as (

    select event_id from {{ ref('stg_events') }}
    where page = 'NextSong' and {{ arrived(ref('stg_events')) }}

),

songplays as (

    select songplay_id from {{ ref('songplays') }}
    {% if span %}
    where start_time between
        {{ timestamp_from_ms(span['first'] or 0) }}
        and {{ timestamp_from_ms(span['last'] or 0) }}
    {% endif %}

)

select
    plays.event_id,
    songplays.songplay_id
from plays
full outer join songplays
    on plays.event_id = songplays.songplay_id
where plays.event_id is null or songplays.songplay_id is null
