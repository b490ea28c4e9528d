-- The earlier system's songs, 14,896: the mart's number too, because no song id has
-- two sets of attributes. Distinct rows and keyed rows happen to be the same here.
select count(*) as songs
from (
    select distinct
        song_id,
        title,
        artist_id,
        year,
        duration
    from {{ source('sparkify', 'staging_songs') }}
) as earlier_system_songs
