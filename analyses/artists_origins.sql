-- Where are the played artists from? By the catalogue's free text. A left join keeps
-- the plays whose artist it lacks, so the plays add up to all.
with plays as (

    select * from {{ ref('songplays') }}

),

artists as (

    select * from {{ ref('artists') }}

)

select
    case
        when artists.artist_id is null then 'artist not in the catalogue'
        else coalesce(artists.location, 'not in the catalogue')
    end as origin,
    count(*) as plays,
    count(distinct plays.user_id) as listeners,
    count(distinct plays.artist_id) as artists
from plays
left join artists
    on plays.artist_id = artists.artist_id
group by
    case
        when artists.artist_id is null then 'artist not in the catalogue'
        else coalesce(artists.location, 'not in the catalogue')
    end
order by
    plays desc nulls last,
    listeners desc nulls last,
    origin asc
