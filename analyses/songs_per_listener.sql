-- How many different songs does a listener hear, and how often the same one again? A
-- song is a title and artist of the logs; plays of nobody known are left out.
with plays as (

    select * from {{ ref('songplays') }} as songplays

),

songs_heard as (

    select
        user_id,
        song_title,
        artist_name,
        count(*) as plays
    from plays
    where user_id is not null
    group by
        user_id,
        song_title,
        artist_name

),

listeners as (

    select
        user_id,
        count(*) as songs,
        sum(plays) as plays
    from songs_heard
    group by user_id

),

banded as (

    select
        case
            when songs < 10 then 1
            when songs < 100 then 10
            else 100
        end as songs_from,
        case
            when songs < 10 then 9
            when songs < 100 then 99
        end as songs_to,
        songs,
        plays
    from listeners

)

select
    songs_from,
    songs_to,
    count(*) as listeners,
    sum(plays) as plays,
    {{ rounded_ratio('sum(songs)', 'count(*)') }} as songs_per_listener,
    {{ rounded_ratio('sum(plays)', 'sum(songs)', 3) }} as plays_per_song
from banded
group by
    songs_from,
    songs_to
order by songs_from asc nulls last
