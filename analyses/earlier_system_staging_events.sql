-- The earlier system's staging_events, 8,056: ours too, because the files hold no line
-- twice. A file delivered again raises only the earlier system's count.
select count(*) as staging_events
from {{ source('sparkify', 'staging_events') }}
