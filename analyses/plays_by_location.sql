-- Where do people listen? A location is a metropolitan area: its cities, a comma, its
-- states ('New York-Newark-Jersey City, NY-NJ-PA'); states is null without a comma.
with plays as (

    select * from {{ ref('songplays') }}

),

places as (

    select
        location,
        split_part(location, ', ', 1) as cities,
        nullif(split_part(location, ', ', 2), '') as states,
        user_id
    from plays

)

select
    cities,
    states,
    count(*) as plays,
    count(distinct user_id) as listeners
from places
group by
    location,
    cities,
    states
order by
    plays desc nulls last,
    listeners desc nulls last,
    location asc
