-- How much is played, day by day? By the level at the time of the play. Days are UTC;
-- a day without plays has no row, and the first and the last may be cut short.
with plays as (

    select * from {{ ref('songplays') }}

),

days as (

    select
        cast(start_time as date) as day,
        count(*) as plays,
        count(case when level = 'paid' then 1 end) as paid_plays,
        count(case when level = 'free' then 1 end) as free_plays,
        count(distinct user_id) as listeners
    from plays
    group by cast(start_time as date)

)

select
    day,
    plays,
    paid_plays,
    free_plays,
    listeners,
    -- 1 is the busiest, of equals the first
    row_number() over (order by plays desc nulls last, day asc) as place
from days
order by day
