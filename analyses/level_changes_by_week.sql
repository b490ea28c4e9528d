-- Do more people upgrade than downgrade? A change is the start of a spell that follows
-- another one; the level that a user came with is none. A week (UTC) is named by its
-- Monday; a week without changes has zeros.
with calendar as (

    select distinct cast(date_trunc('week', date) as date) as week
    from {{ ref('dates') }}

),

spells as (

    select * from {{ ref('user_levels') }}

),

steps as (

    select
        level,
        cast(date_trunc('week', valid_from) as date) as week,
        lag(level) over (
            partition by user_id
            order by valid_from
        ) as old_level
    from spells

),

weeks as (

    select
        calendar.week,
        count(case when steps.level = 'paid' then 1 end) as upgrades,
        count(case when steps.level = 'free' then 1 end) as downgrades
    from calendar
    left join steps
        on calendar.week = steps.week
        and steps.old_level is not null
    group by calendar.week

)

select
    week,
    upgrades,
    downgrades,
    sum(upgrades) over (
        order by week rows between unbounded preceding and current row
    ) as upgrades_so_far,
    sum(downgrades) over (
        order by week rows between unbounded preceding and current row
    ) as downgrades_so_far
from weeks
order by week
