-- Whom to license? Artists that are played but missing in the catalogue: none of its
-- songs has the name. More listeners break a tie.
with plays as (

    select * from {{ ref('songplays') }}
    where artist_id is null

),

catalogue as (

    select distinct artist_name from {{ ref('stg_songs') }}

)

select
    plays.artist_name,
    count(*) as plays,
    count(distinct plays.user_id) as listeners,
    count(distinct plays.song_title) as songs
from plays
left join catalogue
    on plays.artist_name = catalogue.artist_name
where catalogue.artist_name is null
group by plays.artist_name
order by
    plays desc nulls last,
    listeners desc nulls last,
    plays.artist_name asc
