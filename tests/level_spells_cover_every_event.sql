{{ config(
    description='At the time of an event the user had no level, or another one.'
) }}

with events as (

    select
        user_id,
        occurred_at,
        level
    from {{ ref('stg_events') }}
    where user_id is not null and {{ new_since_tested(ref('stg_events')) }}

),

spells as (

    select
        user_id,
        level,
        valid_from,
        coalesce(valid_to, timestamp '9999-12-31') as valid_to
    from {{ ref('user_levels') }}

),

suspects as (

    select distinct
        events.user_id,
        events.occurred_at
    from events
    left join spells
        on events.user_id = spells.user_id
        and events.occurred_at >= spells.valid_from
        and events.occurred_at < spells.valid_to
    where
        events.level is not null
        and events.level <> coalesce(spells.level, '')

)

-- The last of events in one millisecond decides. Where their levels differ, or
-- one has none, there is nothing to compare.
select
    suspects.user_id,
    suspects.occurred_at
from suspects
inner join events
    on suspects.user_id = events.user_id
    and suspects.occurred_at = events.occurred_at
group by suspects.user_id, suspects.occurred_at
having count(distinct events.level) = 1 and count(events.level) = count(*)
