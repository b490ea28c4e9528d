-- Which songs of the catalogue were never played? By their id.
with songs as (

    select * from {{ ref('songs') }}

),

total as (

    select count(*) as songs from songs

),

artists as (

    select * from {{ ref('artists') }}

),

played as (

    select distinct song_id from {{ ref('songplays') }}

)

select
    songs.song_id,
    songs.title,
    artists.name as artist_name,
    songs.year,
    count(*) over () as all_never_played,
    total.songs as all_songs
from songs
cross join total
inner join artists
    on songs.artist_id = artists.artist_id
-- Not `not in`: a play without a song has a null song_id, and it would find nothing.
left join played
    on songs.song_id = played.song_id
where played.song_id is null
order by songs.song_id
