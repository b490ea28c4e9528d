-- The earlier system's artists, 10,025 for the mart's 9,553: it kept every spelling of an
-- artist's name, location and coordinates as an artist, and so several rows to an id.
select count(*) as artists
from (
    {{ published_artists() }}
) as published_artists
