-- Do paying users listen more? The level at the time of the play decides, so a user who
-- changed levels is a listener of both.
with plays as (

    select * from {{ ref('songplays') }}

),

total as (

    select count(*) as plays from plays

),

levels as (

    select
        level,
        count(*) as plays,
        count(distinct user_id) as listeners,
        count(distinct session_id) as sessions
    from plays
    group by level

)

select
    levels.level,
    levels.plays,
    levels.listeners,
    levels.sessions,
    {{ rounded_ratio('100 * levels.plays', 'total.plays') }} as percent_of_plays,
    {{ rounded_ratio('levels.plays', 'levels.listeners') }} as plays_per_listener,
    {{ rounded_ratio('levels.plays', 'levels.sessions') }} as plays_per_session
from levels
cross join total
order by levels.level
