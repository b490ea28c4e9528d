-- How long is a session? By the number of songs in it; only sessions with a play count,
-- and a band that no session falls into has no row.
with plays as (

    select * from {{ ref('songplays') }}

),

total as (

    select count(distinct session_id) as sessions from plays

),

sessions as (

    select
        session_id,
        count(*) as plays
    from plays
    group by session_id

),

banded as (

    select
        case
            when plays = 1 then 1
            when plays <= 5 then 2
            when plays <= 10 then 6
            when plays <= 20 then 11
            when plays <= 50 then 21
            else 51
        end as plays_from,
        case
            when plays = 1 then 1
            when plays <= 5 then 5
            when plays <= 10 then 10
            when plays <= 20 then 20
            when plays <= 50 then 50
        end as plays_to,
        plays
    from sessions

),

bands as (

    select
        plays_from,
        plays_to,
        count(*) as sessions,
        sum(plays) as plays
    from banded
    group by
        plays_from,
        plays_to

)

select
    bands.plays_from,
    bands.plays_to,
    bands.sessions,
    total.sessions as all_sessions,
    bands.plays,
    {{ rounded_ratio('100 * bands.sessions', 'total.sessions') }} as percent_of_sessions
from bands
cross join total
order by bands.plays_from
