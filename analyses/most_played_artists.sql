-- Which artists are played most? By the name in the logs, so artists outside the
-- catalogue count too. More listeners break a tie.
with plays as (

    select * from {{ ref('songplays') }}

)

select
    artist_name,
    count(*) as plays,
    count(distinct user_id) as listeners,
    count(distinct song_title) as songs,
    {{ rounded_ratio('100 * count(song_id)', 'count(*)') }} as percent_matched
from plays
group by artist_name
order by
    plays desc nulls last,
    listeners desc nulls last,
    artist_name asc
