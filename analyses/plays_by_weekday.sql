-- On which day of the week do people listen? A month holds some weekdays five times, so
-- compare plays_per_day, over those days (UTC) on which anything was played.
with plays as (

    select * from {{ ref('songplays') }}

),

moments as (

    select * from {{ ref('time') }}

),

weekdays as (

    select
        moments.weekday,
        count(*) as plays,
        count(distinct plays.user_id) as listeners,
        count(distinct cast(plays.start_time as date)) as days
    from plays
    inner join moments
        on plays.start_time = moments.start_time
    group by moments.weekday

)

select
    weekday,
    {{ weekday_name('weekday') }} as weekday_name,
    plays,
    listeners,
    days,
    {{ rounded_ratio('plays', 'days') }} as plays_per_day
from weekdays
order by weekday
