-- What is kept of the events to know each user's state at any time: of every user and
-- day the first event, the last, and those at which the level changes. `users` and
-- `user_levels` are rebuilt from these steps, which are far fewer than the events.
--
-- An increment rebuilds the days on which new events fall. Events of nobody are kept
-- as the user '': so each of these days has rows, and they replace the old ones.
{{ config(
    materialized='incremental',
    incremental_strategy='bounded_delete_insert',
    unique_key='event_date',
    sort='event_date',
    dist='user_id'
) }}

{% set days = event_days_since(watermark(this)) if is_incremental() else none %}
{% set is_in_days %}{% if days %}occurred_ms >= {{ days[0] * 86400000 }}
        and occurred_ms < {{ (days[-1] + 1) * 86400000 }}
        and floor(occurred_ms / 86400000.0) in ({{ days | join(', ') }})
    {%- else %}1 = {{ 0 if is_incremental() else 1 }}{% endif %}{% endset %}

with events as (

    select
        coalesce(user_id, '') as user_id,
        raw_first_name,
        raw_last_name,
        gender,
        level,
        session_id,
        item_in_session,
        page,
        registered_at,
        occurred_at,
        cast(occurred_at as date) as event_date
    from {{ ref('stg_events') }}
    where {{ is_in_days }}

),

-- The same events read again, not one CTE for both: whole events fill the memory.
levels as (

    select
        coalesce(user_id, '') as user_id,
        coalesce(level, '') as level,
        occurred_at,
        cast(occurred_at as date) as event_date,
        _load_id
    from {{ ref('stg_events') }}
    where {{ is_in_days }}

),

days as (

    select
        user_id,
        event_date,
        min(occurred_at) as first_at,
        max(occurred_at) as last_at,
        min(level) as lowest_level,
        max(level) as highest_level,
        max(_load_id) as newest_load_id
    from levels
    group by user_id, event_date

),

-- On most days a user's level stays the same: only the first and the last event count.
candidates as (

    select
        events.*,
        days.newest_load_id
    from events
    inner join days
        on events.user_id = days.user_id
        and events.event_date = days.event_date
    where
        days.lowest_level <> days.highest_level
        or events.occurred_at = days.first_at
        or events.occurred_at = days.last_at

),

-- If several events share a millisecond, the last by session and item counts.
moments as (

    select
        *,
        row_number() over (
            partition by user_id, occurred_at
            order by
                session_id desc nulls last,
                item_in_session desc nulls last,
                page desc nulls last
        ) as recency
    from candidates

),

ordered as (

    select
        *,
        lag(level) over (
            partition by user_id, event_date
            order by occurred_at
        ) as previous_level,
        lag(occurred_at) over (
            partition by user_id, event_date
            order by occurred_at
        ) as previous_at,
        lead(occurred_at) over (
            partition by user_id, event_date
            order by occurred_at
        ) as next_at,
        max(newest_load_id) over (partition by event_date) as day_load_id
    from moments
    where recency = 1

)

select
    cast(user_id as varchar(64)) as user_id,
    cast({{ clean_text('raw_first_name') }} as varchar(256)) as first_name,
    cast({{ clean_text('raw_last_name') }} as varchar(256)) as last_name,
    cast(gender as varchar(64)) as gender,
    cast(level as varchar(64)) as level,
    cast(registered_at as timestamp) as registered_at,
    cast(event_date as date) as event_date,
    cast(occurred_at as timestamp) as occurred_at,
    cast(day_load_id as bigint) as _load_id
from ordered
where
    previous_at is null
    or next_at is null
    or coalesce(level, '') <> coalesce(previous_level, '')
