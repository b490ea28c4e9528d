-- Free or paid, from when to when: one row per spell of a level, event-accurate.
-- On Redshift every node keeps a copy: it is small, and the fact joins it all the time.
{{ config(dist='all', sort=['user_id', 'valid_from']) }}

with events as (

    select * from {{ ref('stg_events') }} as stg_events
    where user_id is not null and level is not null

),

-- Of several events in one millisecond the last by session and item counts.
ordered as (

    select
        user_id,
        level,
        occurred_at,
        row_number() over (
            partition by user_id, occurred_at
            order by
                session_id desc nulls last,
                item_in_session desc nulls last,
                page desc nulls last
        ) as recency
    from events

),

steps as (

    select
        user_id,
        level,
        occurred_at,
        lag(level) over (
            partition by user_id
            order by occurred_at asc nulls last
        ) as previous_level
    from ordered
    where recency = 1

),

spells as (

    select
        user_id,
        level,
        occurred_at as valid_from,
        lead(occurred_at) over (
            partition by user_id
            order by occurred_at asc nulls last
        ) as valid_to
    from steps
    where previous_level is null or previous_level <> level

)

select
    user_id,
    level,
    valid_from,
    valid_to,
    -- A bare `is null` is no column on Redshift.
    case when valid_to is null then true else false end as is_current -- noqa: ST02
from spells
