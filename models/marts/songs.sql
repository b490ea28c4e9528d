-- The catalogue's songs; the load has kept the latest delivery of each.
-- On Redshift every node keeps a copy: it is small, and the fact joins it all the time.
{{ config(dist='all', sort='song_id') }}

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
