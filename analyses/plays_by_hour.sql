-- At what hour of the day do people listen? Hours are UTC, as everywhere here; an hour
-- without a play has no row.
with plays as (

    select * from {{ ref('songplays') }}

),

moments as (

    select * from {{ ref('time') }}

),

total as (

    select count(*) as plays from plays

),

hours as (

    select
        moments.hour,
        count(*) as plays,
        count(distinct plays.user_id) as listeners
    from plays
    inner join moments
        on plays.start_time = moments.start_time
    group by moments.hour

)

select
    hours.hour,
    hours.plays,
    hours.listeners,
    {{ rounded_ratio('100 * hours.plays', 'total.plays') }} as percent_of_plays
from hours
cross join total
order by hours.hour
