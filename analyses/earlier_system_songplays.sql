-- The earlier system's songplays, 320 for the mart's 6,820: it dropped plays
-- without a song of equal title, artist and whole seconds, and did not repair text.
--
-- It kept durations as bare decimal, which is decimal(18, 0) on Redshift. A bare
-- decimal and the rounding of a cast differ by engine, so halves are rounded up here.
-- The real data has no halves, and its durations match the same plays when cut off.
select count(*) as songplays
from {{ source('sparkify', 'staging_events') }} as events
inner join {{ source('sparkify', 'staging_songs') }} as songs
    on events.song = songs.title
    and events.artist = songs.artist_name
    and floor(events.length + 0.5) = floor(songs.duration + 0.5)
where events.page = 'NextSong'
