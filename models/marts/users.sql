-- Who listens, as of each user's latest event on any page.
-- On Redshift every node keeps a copy: it is small, and the fact joins it all the time.
{{ config(dist='all', sort='user_id') }}

with events as (

    select * from {{ ref('stg_events') }} as stg_events
    where user_id is not null

),

latest_times as (

    select
        user_id,
        max(occurred_at) as occurred_at
    from events
    group by user_id

),

-- Several events can share the latest millisecond: session and item decide.
latest_events as (

    select
        events.user_id,
        events.first_name,
        events.last_name,
        events.gender,
        events.level,
        row_number() over (
            partition by events.user_id
            order by
                events.session_id desc nulls last,
                events.item_in_session desc nulls last,
                events.page desc nulls last
        ) as recency
    from events
    inner join latest_times
        on events.user_id = latest_times.user_id
        and events.occurred_at = latest_times.occurred_at

)

select
    user_id,
    first_name,
    last_name,
    gender,
    level
from latest_events
where recency = 1
