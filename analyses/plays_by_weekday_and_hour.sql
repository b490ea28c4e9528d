-- When in the week do people listen? Monday first. Compare listeners_per_day, which one
-- keen listener cannot raise: it divides by the Mondays (Tuesdays, ...) in UTC on which
-- anything was played. An hour in which nothing was ever played has no row.
with plays as (

    select
        cast(extract(dow from start_time) as integer) as weekday,
        cast(extract(hour from start_time) as integer) as hour,
        cast(start_time as date) as day,
        user_id
    from {{ ref('songplays') }}

),

listened as (

    select
        weekday,
        hour,
        day,
        user_id,
        count(*) as plays
    from plays
    group by
        weekday,
        hour,
        day,
        user_id

),

weekdays as (

    select
        weekday,
        count(distinct day) as days
    from plays
    group by weekday

),

hours as (

    select
        weekday,
        hour,
        sum(plays) as plays,
        count(distinct user_id) as listeners,
        count(user_id) as listener_days
    from listened
    group by
        weekday,
        hour

),

averages as (

    select
        hours.weekday,
        case hours.weekday when 0 then 7 else hours.weekday end as iso_weekday,
        hours.hour,
        hours.plays,
        hours.listeners,
        weekdays.days,
        {{ rounded_ratio('hours.plays', 'weekdays.days') }} as plays_per_day,
        {{ rounded_ratio('hours.listener_days', 'weekdays.days') }}
            as listeners_per_day
    from hours
    inner join weekdays
        on hours.weekday = weekdays.weekday

)

select
    weekday,
    {{ weekday_name('weekday') }} as weekday_name,
    hour,
    plays,
    listeners,
    days,
    plays_per_day,
    listeners_per_day,
    -- 1 is the busiest
    row_number() over (
        order by
            listeners_per_day desc nulls last,
            plays desc nulls last,
            iso_weekday asc,
            hour asc
    ) as place
from averages
order by
    iso_weekday,
    hour
