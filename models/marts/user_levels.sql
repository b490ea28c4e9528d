-- Free or paid, from when to when: one row per spell of a level, event-accurate.
-- On Redshift every node keeps a copy: it is small, and the fact joins it all the time.
{{ config(dist='all', sort=['user_id', 'valid_from']) }}

with levels as (

    select
        user_id,
        level,
        occurred_at,
        lag(level) over (
            partition by user_id
            order by occurred_at asc nulls last
        ) as previous_level
    from {{ ref('int_user_steps') }} as int_user_steps
    where level is not null

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
    from levels
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
