-- In which state do people listen? An area across states ('NY-NJ-PA') counts for the
-- first one named; a location without a comma has no state.
with plays as (

    select * from {{ ref('songplays') }}

)

select
    state,
    count(*) as plays,
    count(distinct user_id) as listeners,
    count(distinct location) as locations
from plays
group by state
order by
    plays desc nulls last,
    listeners desc nulls last,
    state asc
