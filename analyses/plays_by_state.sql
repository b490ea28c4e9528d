-- In which state do people listen? An area across states ('NY-NJ-PA') counts for the
-- first one named; a location without a comma has no state. States rank by listeners,
-- since one keen listener can play more than a whole state.
with plays as (

    select * from {{ ref('songplays') }}

)

select
    state,
    count(distinct user_id) as listeners,
    count(*) as plays,
    count(distinct location) as locations
from plays
group by state
order by
    listeners desc nulls last,
    plays desc nulls last,
    state asc
