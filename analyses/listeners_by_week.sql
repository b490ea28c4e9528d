-- Who is new, and who comes back? A listener is new in the week of their first play,
-- and returns in any later one. A week (UTC) is named by its Monday; plays without a
-- user are left out, and a week without listeners has no row.
with plays as (

    select * from {{ ref('songplays') }}

),

listened as (

    select distinct
        user_id,
        cast(date_trunc('week', start_time) as date) as week
    from plays
    where user_id is not null

),

first_weeks as (

    select
        user_id,
        min(week) as first_week
    from listened
    group by user_id

)

select
    listened.week,
    count(*) as listeners,
    sum(case when listened.week = first_weeks.first_week then 1 else 0 end)
        as new_listeners,
    sum(case when listened.week > first_weeks.first_week then 1 else 0 end)
        as returning_listeners
from listened
inner join first_weeks
    on listened.user_id = first_weeks.user_id
group by listened.week
order by listened.week
