-- The earlier system's time, 320 for the mart's 6,813: the moments of the 320
-- plays that it kept, no two of them in the same millisecond.
select count(*) as time
from (
    {{ earlier_system_time() }}
) as earlier_system_time
