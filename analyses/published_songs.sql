-- The earlier system's songs, 14,896: the mart's number too, as no song id comes with
-- two sets of attributes. Distinct rows and keyed rows are the same here, by luck.
select count(*) as songs
from (
    {{ published_songs() }}
) as published_songs
