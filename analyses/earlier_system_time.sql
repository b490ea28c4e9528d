-- The earlier system's time, 320 for the mart's 6,813: the moments of the 320
-- plays that it kept (earlier_system_songplays), no two in the same millisecond.
select count(distinct events.ts) as time
from {{ source('sparkify', 'staging_events') }} as events
inner join {{ source('sparkify', 'staging_songs') }} as songs
    on events.song = songs.title
    and events.artist = songs.artist_name
    and floor(events.length + 0.5) = floor(songs.duration + 0.5)
where events.page = 'NextSong'
