-- The earlier system's users, 104 for the mart's 97: the 8 who played at both levels
-- stood there once for each, and the one who never played anything was missing.
select count(*) as users
from (
    {{ published_users() }}
) as published_users
