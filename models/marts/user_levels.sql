-- Free or paid, from when to when: one row per spell of a level, event-accurate.
{{ config(sort=['user_id', 'valid_from']) }}

with steps as (

    select * from {{ ref('int_user_steps') }}
    where user_id <> '' and level is not null

),

levels as (

    select
        *,
        lag(level) over (
            partition by user_id
            order by occurred_at
        ) as previous_level
    from steps

),

spells as (

    select
        user_id,
        level,
        occurred_at as valid_from,
        lead(occurred_at) over (
            partition by user_id
            order by occurred_at
        ) as valid_to
    from levels
    where previous_level is null or previous_level <> level

)

select
    user_id,
    level,
    valid_from,
    valid_to,
    -- Redshift takes `valid_to is null` as a condition, but not as a column.
    case when valid_to is null then true else false end as is_current -- noqa: ST02
from spells
