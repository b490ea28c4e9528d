-- How much is played, and by how many? All that there is, and where two whole weeks are
-- there, the last 7 days (UTC) up to the newest play, beside the average of the up to
-- four such weeks before: one week alone may hold a holiday. Hours count each song in
-- full, and a listener is a known user with a play.
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

weeks as (

    select 0 as weeks_ago
    union all
    select 1 as weeks_ago
    union all
    select 2 as weeks_ago
    union all
    select 3 as weeks_ago
    union all
    select 4 as weeks_ago

),

periods as (

    select
        1 as place,
        first_day as from_day,
        newest_day as to_day
    from history

    union all

    select
        case when weeks.weeks_ago = 0 then 2 else 3 end as place,
        cast(
            {{ dbt.dateadd('day', '-6 - 7 * weeks.weeks_ago', 'history.newest_day') }}
            as date
        ) as from_day,
        cast(
            {{ dbt.dateadd('day', '-7 * weeks.weeks_ago', 'history.newest_day') }}
            as date
        ) as to_day
    from history
    cross join weeks
    where
        history.first_day <= {{ dbt.dateadd('day', -13, 'history.newest_day') }}
        and history.first_day
        <= {{ dbt.dateadd('day', '-6 - 7 * weeks.weeks_ago', 'history.newest_day') }}

),

counted as (

    select
        periods.place,
        periods.from_day,
        periods.to_day,
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
        periods.from_day,
        periods.to_day

),

added as (

    select
        place,
        min(from_day) as from_day,
        max(to_day) as to_day,
        count(*) as periods,
        sum(plays) as plays,
        sum(listeners) as listeners,
        sum(seconds) as seconds,
        sum(sessions) as sessions,
        sum(paid_plays) as paid_plays,
        sum(matched) as matched
    from counted
    group by place

)

select
    case added.place
        when 1 then 'all'
        when 2 then 'last 7 days'
        else 'average week before'
    end as period,
    added.from_day,
    added.to_day,
    1 + {{ dbt.datediff('added.from_day', 'added.to_day', 'day') }}
        as days,
    cast(floor(1.0 * added.plays / added.periods + 0.5) as bigint) as plays,
    cast(floor(1.0 * added.listeners / added.periods + 0.5) as bigint) as listeners,
    {{ rounded_ratio('added.seconds', '(3600 * added.periods)') }} as hours,
    cast(floor(1.0 * added.sessions / added.periods + 0.5) as bigint) as sessions,
    {{ rounded_ratio('100 * added.paid_plays', 'added.plays') }} as percent_paid,
    {{ rounded_ratio('100 * added.matched', 'added.plays') }} as percent_matched,
    {{ rounded_ratio(
        '100 * (added.plays * before.periods - before.plays)', 'before.plays'
    ) }}
        as plays_percent_change,
    {{ rounded_ratio(
        '100 * (added.listeners * before.periods - before.listeners)', 'before.listeners'
    ) }}
        as listeners_percent_change,
    {{ rounded_ratio(
        '100 * (added.seconds * before.periods - before.seconds)', 'before.seconds'
    ) }}
        as hours_percent_change,
    {{ rounded_ratio(
        '100 * (added.sessions * before.periods - before.sessions)', 'before.sessions'
    ) }}
        as sessions_percent_change,
    history.last_play_at
from added
cross join history
left join added as before
    on before.place = 3
    and added.place = 2
order by added.place
