-- How much is played, and by how many? All that there is, and where two whole weeks are
-- there, the last 7 days (UTC) up to the newest play and the 7 days before them.
with plays as (

    select * from {{ ref('songplays') }}

),

days as (

    select
        cast(start_time as date) as day,
        user_id,
        session_id,
        count(*) as plays,
        sum(duration) as seconds,
        count(case when level = 'paid' then 1 end) as paid_plays,
        count(song_id) as matched,
        max(start_time) as last_play_at
    from plays
    group by
        cast(start_time as date),
        user_id,
        session_id

),

history as (

    select
        min(day) as first_day,
        max(day) as newest_day,
        max(last_play_at) as last_play_at
    from days

),

periods as (

    select
        1 as place,
        cast('all' as varchar(16)) as period,
        first_day as from_day,
        newest_day as to_day,
        last_play_at
    from history

    union all

    select
        2 as place,
        cast('last 7 days' as varchar(16)) as period,
        cast({{ dbt.dateadd('day', -6, 'newest_day') }} as date) as from_day,
        newest_day as to_day,
        last_play_at
    from history
    where first_day <= {{ dbt.dateadd('day', -13, 'newest_day') }}

    union all

    select
        3 as place,
        cast('7 days before' as varchar(16)) as period,
        cast({{ dbt.dateadd('day', -13, 'newest_day') }} as date) as from_day,
        cast({{ dbt.dateadd('day', -7, 'newest_day') }} as date) as to_day,
        last_play_at
    from history
    where first_day <= {{ dbt.dateadd('day', -13, 'newest_day') }}

),

counted as (

    select
        periods.place,
        periods.period,
        periods.from_day,
        periods.to_day,
        periods.last_play_at,
        coalesce(sum(days.plays), 0) as plays,
        count(distinct days.user_id) as listeners,
        coalesce(sum(days.seconds), 0) as seconds,
        count(distinct days.session_id) as sessions,
        coalesce(sum(days.paid_plays), 0) as paid_plays,
        coalesce(sum(days.matched), 0) as matched
    from periods
    left join days
        on periods.from_day <= days.day
        and periods.to_day >= days.day
    group by
        periods.place,
        periods.period,
        periods.from_day,
        periods.to_day,
        periods.last_play_at

)

select
    period,
    from_day,
    to_day,
    1 + {{ dbt.datediff('from_day', 'to_day', 'day') }}
        as days,
    plays,
    listeners,
    {{ rounded_ratio('seconds', '3600') }} as hours,
    sessions,
    {{ rounded_ratio('100 * paid_plays', 'plays') }} as percent_paid,
    {{ rounded_ratio('100 * matched', 'plays') }} as percent_matched,
    last_play_at
from counted
order by place
