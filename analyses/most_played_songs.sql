-- Which songs are played most? By title and artist as the logs name them, so that songs
-- outside the catalogue count too; of equals the one with more listeners comes first.
with plays as (

    select * from {{ ref('songplays') }} as songplays

)

select
    song_title,
    artist_name,
    count(*) as plays,
    count(distinct user_id) as listeners,
    {{ rounded_ratio('100 * count(song_match)', 'count(*)') }} as percent_matched
from plays
group by
    song_title,
    artist_name
order by
    plays desc nulls last,
    listeners desc nulls last,
    song_title asc nulls last,
    artist_name asc nulls last
