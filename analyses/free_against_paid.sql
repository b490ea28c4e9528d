-- Do paying users listen more? The level at the time of the play decides, so a user who
-- changed levels is a listener of both. The median listener has half of the others
-- below, whatever a few keen ones play. Days on a level end with the newest play, and
-- count for users without a play, too.
with plays as (

    select * from {{ ref('songplays') }}

),

spells as (

    select * from {{ ref('user_levels') }}

),

total as (

    select
        count(*) as plays,
        max(start_time) as newest_at
    from plays

),

levels as (

    select
        level,
        count(*) as plays,
        count(distinct user_id) as listeners,
        count(distinct session_id) as sessions
    from plays
    group by level

),

listeners as (

    select
        user_id,
        level,
        count(*) as plays
    from plays
    where user_id is not null
    group by
        user_id,
        level

),

ranked as (

    select
        level,
        plays,
        row_number() over (partition by level order by plays, user_id) as place,
        count(*) over (partition by level) as listeners
    from listeners

),

medians as (

    select
        level,
        {{ rounded_ratio('sum(plays)', 'count(*)') }} as median_plays
    from ranked
    where 2 * place between listeners and listeners + 2
    group by level

),

lengths as (

    select
        spells.level,
        sum({{ dbt.datediff(
            'least(spells.valid_from, total.newest_at)',
            'least(coalesce(spells.valid_to, total.newest_at), total.newest_at)',
            'second'
        ) }}) as seconds
    from spells
    cross join total
    group by spells.level

)

select
    levels.level,
    levels.plays,
    levels.listeners,
    levels.sessions,
    {{ rounded_ratio('100 * levels.plays', 'total.plays') }} as percent_of_plays,
    {{ rounded_ratio('levels.plays', 'levels.listeners') }} as plays_per_listener,
    medians.median_plays,
    {{ rounded_ratio('86400 * levels.plays', 'lengths.seconds') }} as plays_per_day,
    {{ rounded_ratio('levels.plays', 'levels.sessions') }} as plays_per_session
from levels
cross join total
left join medians
    on levels.level = medians.level
left join lengths
    on levels.level = lengths.level
order by levels.level
