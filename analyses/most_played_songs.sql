-- Which songs are played most? By title and artist in the logs, so songs outside the
-- catalogue count too. More listeners break a tie.
with plays as (

    select * from {{ ref('songplays') }}

)

select
    song_title,
    artist_name,
    count(*) as plays,
    count(distinct user_id) as listeners,
    {{ rounded_ratio('100 * count(song_id)', 'count(*)') }} as percent_matched
from plays
group by
    song_title,
    artist_name
order by
    plays desc nulls last,
    listeners desc nulls last,
    song_title asc,
    artist_name asc
