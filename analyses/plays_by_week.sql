-- How much is played, week by week? By the level at the time of the play. A week (UTC)
-- is named by its Monday; a week without plays has no row, and the first and the last
-- may be cut short.
with plays as (

    select * from {{ ref('songplays') }}

),

weeks as (

    select
        cast(date_trunc('week', start_time) as date) as week,
        count(*) as plays,
        count(case when level = 'paid' then 1 end) as paid_plays,
        count(case when level = 'free' then 1 end) as free_plays,
        count(distinct user_id) as listeners
    from plays
    group by cast(date_trunc('week', start_time) as date)

)

select
    week,
    plays,
    paid_plays,
    free_plays,
    listeners,
    -- 1 is the busiest, of equals the first
    row_number() over (order by plays desc nulls last, week asc) as place
from weeks
order by week
