{{ config(description='A play was lost or made up on the way into songplays.') }}

with plays as (

    select event_id from {{ ref('stg_events') }} as stg_events
    where page = 'NextSong'

),

songplays as (

    select songplay_id from {{ ref('songplays') }} as songplays

)

select
    plays.event_id,
    songplays.songplay_id
from plays
full outer join songplays
    on plays.event_id = songplays.songplay_id
where plays.event_id is null or songplays.songplay_id is null
