{{ config(
    description='At the time of an event the user had no level, or another one.'
) }}

-- Of several events in one millisecond the last decides. Where their levels differ, or
-- one has none, there is nothing to compare.
with events as (

    select
        user_id,
        occurred_at,
        min(level) as level
    from {{ ref('stg_events') }}
    where
        user_id is not null
        and {{ arrived(ref('stg_events')) }}
    group by user_id, occurred_at
    having count(distinct level) = 1 and count(level) = count(*)

),

spells as (

    select * from {{ ref('user_levels') }}

),

-- Joined by user alone, and counted: a join by ranges would compare all with all.
covered as (

    select
        events.user_id,
        count(*) as event_count
    from events
    inner join spells
        on events.user_id = spells.user_id
    where
        events.occurred_at >= spells.valid_from
        and (events.occurred_at < spells.valid_to or spells.valid_to is null)
        and events.level = spells.level
    group by events.user_id

),

counted as (

    select
        user_id,
        count(*) as event_count
    from events
    group by user_id

)

select
    counted.user_id,
    counted.event_count,
    covered.event_count as covered_count
from counted
left join covered
    on counted.user_id = covered.user_id
where counted.event_count <> coalesce(covered.event_count, 0)
