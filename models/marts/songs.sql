-- The catalogue's songs, each as last delivered.
{{ config(sort='song_id') }}

with songs as (

    select * from {{ ref('stg_songs') }}

)

select
    song_id,
    title,
    artist_id,
    year,
    duration
from songs
