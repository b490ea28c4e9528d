-- How often is a song skipped? Nobody logs it, but the next start reveals it: a play
-- was skipped if the next one in its session began before its length had passed, in
-- whole seconds, as the app itself counts. The last play of a session has no next one.
-- Hours heard count a skipped song until the next start.
with plays as (

    select * from {{ ref('songplays') }}

),

followed as (

    select
        session_id,
        duration * 1000 as length_ms,
        floor(duration) * 1000 as whole_ms,
        {{ dbt.datediff(
            'start_time',
            'lead(start_time) over (partition by session_id order by start_time, songplay_id)',
            'millisecond'
        ) }} as next_ms
    from plays

),

heard as (

    select
        length_ms,
        next_ms,
        case when next_ms < whole_ms then 1 end as is_skip,
        case when next_ms < whole_ms then next_ms else length_ms end as heard_ms
    from followed

)

select
    count(*) as plays,
    count(next_ms) as plays_with_a_next,
    count(is_skip) as skips,
    {{ rounded_ratio('100 * count(is_skip)', 'count(next_ms)') }} as percent_skipped,
    {{ rounded_ratio('sum(length_ms)', '3600000') }} as hours,
    {{ rounded_ratio('sum(heard_ms)', '3600000') }} as heard_hours
from heard
