-- The catalogue's songs; the load has kept the latest delivery of each.
with songs as (

    select * from {{ ref('stg_songs') }} as stg_songs

)

select
    song_id,
    title,
    artist_id,
    year,
    duration
from songs
