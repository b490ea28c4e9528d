-- In which state do people listen? An area across states ('NY-NJ-PA') counts for the
-- first one named, where its first city lies; without a comma the state is unknown.
with plays as (

    select * from {{ ref('songplays') }}

),

places as (

    select
        location,
        nullif(split_part(split_part(location, ', ', 2), '-', 1), '') as state,
        user_id
    from plays

)

select
    state,
    count(*) as plays,
    count(distinct user_id) as listeners,
    count(distinct location) as locations
from places
group by state
order by
    plays desc nulls last,
    listeners desc nulls last,
    state asc
