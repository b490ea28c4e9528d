-- The earlier system's artists, 10,025 for the mart's 9,553: it counted every
-- spelling of name, location and coordinates, so an id may have several rows.
select count(*) as artists
from (
    select distinct
        artist_id,
        artist_name,
        artist_location,
        artist_latitude,
        artist_longitude
    from {{ source('sparkify', 'staging_songs') }}
) as earlier_system_artists
