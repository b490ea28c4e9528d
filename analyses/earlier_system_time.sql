-- The earlier system's time, 320 for the mart's 6,813: the moments of the 320
-- plays that it kept (earlier_system_songplays), no two in the same millisecond.
select count(distinct plays.ts) as time
from (
    {{ earlier_system_songplays() }}
) as plays
