-- The earlier system's time, 320 for the mart's 6,813: the moments of the plays that it
-- kept, no two of which began in the same millisecond.
select count(*) as time
from (
    {{ published_time() }}
) as published_time
