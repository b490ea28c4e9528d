-- What to license? Songs that are played but missing in the catalogue, by title and
-- artist in the logs. More listeners break a tie.
with plays as (

    select * from {{ ref('songplays') }}
    where song_id is null

)

select
    song_title,
    artist_name,
    count(*) as plays,
    count(distinct user_id) as listeners
from plays
group by
    song_title,
    artist_name
order by
    plays desc nulls last,
    listeners desc nulls last,
    song_title asc,
    artist_name asc
