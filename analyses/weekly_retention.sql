-- Who comes back? Listeners by the week (UTC, named by its Monday) of their first play
-- in these logs, and how many of them play some weeks later. The first cohort is cut
-- off on the left: its listeners may have come long before the logs begin. A week in
-- which nobody of a cohort plays shows 0. The newest cohort comes first.
with plays as (

    select * from {{ ref('songplays') }}
    where user_id is not null

),

weeks as (

    select distinct cast(date_trunc('week', date) as date) as week
    from {{ ref('dates') }}

),

listened as (

    select distinct
        user_id,
        cast(date_trunc('week', start_time) as date) as week
    from plays

),

firsts as (

    select
        user_id,
        min(week) as cohort
    from listened
    group by user_id

),

cohorts as (

    select
        cohort,
        count(*) as listeners
    from firsts
    group by cohort

),

returned as (

    select
        firsts.cohort,
        listened.week,
        count(*) as listeners
    from firsts
    inner join listened
        on firsts.user_id = listened.user_id
    group by
        firsts.cohort,
        listened.week

),

history as (

    select min(week) as first_week from weeks

)

select
    cohorts.cohort,
    case when cohorts.cohort = history.first_week then true else false end -- noqa: ST02
        as is_cut_off,
    cohorts.listeners,
    row_number() over (partition by cohorts.cohort order by weeks.week) - 1
        as weeks_later,
    coalesce(returned.listeners, 0) as returned,
    {{ rounded_ratio('100 * coalesce(returned.listeners, 0)', 'cohorts.listeners') }}
        as percent_returned
from cohorts
cross join history
inner join weeks
    on cohorts.cohort <= weeks.week
left join returned
    on cohorts.cohort = returned.cohort
    and weeks.week = returned.week
order by
    cohorts.cohort desc nulls last,
    weeks.week asc
