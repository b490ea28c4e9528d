-- How long is a session, and how much is played in it? Only sessions with a play count,
-- from the start of the first song to the start of the last, whose end nobody logs.
with plays as (

    select * from {{ ref('songplays') }}

),

sessions as (

    select
        session_id,
        count(*) as plays,
        {{ dbt.datediff('min(start_time)', 'max(start_time)', 'millisecond') }}
            as milliseconds
    from plays
    group by session_id

)

select
    count(*) as sessions,
    sum(plays) as plays,
    {{ rounded_ratio('sum(plays)', 'count(*)') }} as plays_per_session,
    max(plays) as most_plays,
    {{ rounded_ratio('sum(milliseconds)', '60000 * count(*)') }} as mean_minutes,
    {{ rounded_ratio('max(milliseconds)', '60000') }} as longest_minutes,
    sum(case when plays = 1 then 1 else 0 end) as sessions_of_one_play
from sessions
