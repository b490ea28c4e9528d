-- The earlier system's artists, 10,025 for the mart's 9,553: every spelling of a name,
-- location and coordinates was an artist to it, and so it has several rows to an id.
select count(*) as artists
from (
    {{ published_artists() }}
) as published_artists
