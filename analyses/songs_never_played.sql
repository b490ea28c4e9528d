-- Which songs of the catalogue were never played? A play without a song has a null
-- song_id: `not in` over it would find nothing, `not exists` does not mind.
with songs as (

    select * from {{ ref('songs') }}

),

artists as (

    select * from {{ ref('artists') }}

)

select
    songs.song_id,
    songs.title,
    artists.name as artist_name,
    songs.year
from songs
inner join artists
    on songs.artist_id = artists.artist_id
where not exists (
    select 1 from {{ ref('songplays') }} as plays
    where plays.song_id = songs.song_id
)
order by songs.song_id
