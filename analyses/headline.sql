-- How much is played, and by how many? All that there is, and where two whole weeks are
-- there, the last 7 days (UTC) up to the newest play and the 7 days before them.
with plays as (

    select * from {{ ref('songplays') }}

),

history as (

    select
        cast(min(start_time) as date) as first_day,
        cast(max(start_time) as date) as newest_day,
        max(start_time) as last_play_at
    from plays

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
        count(plays.songplay_id) as plays,
        count(distinct plays.user_id) as listeners,
        coalesce(sum(plays.duration), 0) as seconds,
        count(distinct plays.session_id) as sessions,
        count(case when plays.level = 'paid' then 1 end) as paid_plays,
        count(plays.song_match) as matched
    from periods
    left join plays
        on periods.from_day <= cast(plays.start_time as date)
        and periods.to_day >= cast(plays.start_time as date)
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
