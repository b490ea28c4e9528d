-- The earlier system's songplays, 320 for the mart's 6,820: it dropped every play that
-- found no song of equal title, artist and whole seconds, and left broken text broken.
select count(*) as songplays
from (
    {{ published_songplays() }}
) as published_songplays
