-- Who went quiet? Listeners without a play in the last 7 days (UTC) up to the newest
-- play, those who played most first. They are inactive, not lost: the logs have no
-- cancellation.
with plays as (

    select * from {{ ref('songplays') }}

),

users as (

    select * from {{ ref('users') }}

),

history as (

    select cast(max(start_time) as date) as newest_day from plays

),

listeners as (

    select
        user_id,
        count(*) as plays,
        max(start_time) as last_play_at
    from plays
    where user_id is not null
    group by user_id

),

quiet as (

    select
        listeners.*,
        count(*) over () as all_listeners,
        {{ dbt.datediff('listeners.last_play_at', 'history.newest_day', 'day') }}
            as days_quiet
    from listeners
    cross join history

)

select
    quiet.user_id,
    users.first_name,
    users.last_name,
    users.level,
    quiet.plays,
    quiet.last_play_at,
    quiet.days_quiet,
    count(*) over () as all_quiet,
    count(case when users.level = 'paid' then 1 end) over () as all_quiet_paid,
    quiet.all_listeners
from quiet
inner join users
    on quiet.user_id = users.user_id
where quiet.days_quiet >= 7
order by
    quiet.plays desc nulls last,
    quiet.user_id asc
