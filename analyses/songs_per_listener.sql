-- How many different songs does a listener hear, and how often the same one again? A
-- song is a title and artist of the logs; plays without a user are left out.
with plays as (

    select * from {{ ref('songplays') }}

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

total as (

    select
        count(*) as listeners,
        sum(plays) as plays
    from listeners

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

),

bands as (

    select
        songs_from,
        songs_to,
        count(*) as listeners,
        sum(songs) as songs,
        sum(plays) as plays
    from banded
    group by
        songs_from,
        songs_to

)

select
    bands.songs_from,
    bands.songs_to,
    bands.listeners,
    total.listeners as all_listeners,
    bands.plays,
    {{ rounded_ratio('100 * bands.plays', 'total.plays') }} as percent_of_plays,
    {{ rounded_ratio('bands.songs', 'bands.listeners') }} as songs_per_listener,
    {{ rounded_ratio('bands.plays', 'bands.songs', 3) }} as plays_per_song
from bands
cross join total
order by bands.songs_from
