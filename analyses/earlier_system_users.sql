-- The earlier system's users, 104 for the mart's 97: it had the 8 who
-- played at both levels twice, and lacked the one who never played.
select count(*) as users
from (
    select distinct
        user_id,
        first_name,
        last_name,
        gender,
        level
    from {{ source('sparkify', 'staging_events') }}
    where page = 'NextSong'
) as earlier_system_users
