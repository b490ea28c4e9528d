{{ config(
    description='An event at a time at which the user had no plan, or another one.'
) }}

-- Of several events in one millisecond the last decides; the others may differ.
with events as (

    select
        user_id,
        occurred_at,
        count(distinct level) as levels,
        min(level) as level
    from {{ ref('stg_events') }} as stg_events
    where user_id is not null and level is not null
    group by user_id, occurred_at

),

spells as (

    select * from {{ ref('user_levels') }} as user_levels

)

select
    events.user_id,
    events.occurred_at,
    events.level
from events
left join spells
    on events.user_id = spells.user_id
    and events.occurred_at >= spells.valid_from
    and (events.occurred_at < spells.valid_to or spells.valid_to is null)
where
    spells.user_id is null
    or (events.levels = 1 and events.level <> spells.level)
