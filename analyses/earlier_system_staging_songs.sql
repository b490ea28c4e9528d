-- The earlier system's staging_songs, 14,896: ours too, because the files hold no song
-- twice. A file delivered again raises only the earlier system's count.
select count(*) as staging_songs
from {{ source('sparkify', 'staging_songs') }}
