-- Who listens most? By plays, then by sessions; level is the user's latest. Plays
-- without a user, and users without a play, are left out.
with plays as (

    select * from {{ ref('songplays') }}

),

users as (

    select * from {{ ref('users') }}

),

listeners as (

    select
        user_id,
        count(*) as plays,
        count(distinct session_id) as sessions,
        sum(duration) as seconds
    from plays
    where user_id is not null
    group by user_id

)

select
    listeners.user_id,
    users.first_name,
    users.last_name,
    users.level,
    listeners.plays,
    listeners.sessions,
    {{ rounded_ratio('listeners.seconds', '3600') }} as hours_listened
from listeners
inner join users
    on listeners.user_id = users.user_id
order by
    listeners.plays desc nulls last,
    listeners.sessions desc nulls last,
    listeners.user_id asc
