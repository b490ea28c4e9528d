-- Which rows did a row with the same key and other content replace? One row for each,
-- the newest load first. `path` is the file that the present row came from, where
-- the engine can tell; `superseded_path` is known if both rows came in one load.
select
    load_id,
    source,
    row_key,
    path,
    superseded_load_id,
    superseded_path
from {{ source('sparkify', 'superseded_rows') }}
where row_key is not null
order by
    load_id desc nulls last,
    source asc,
    row_key asc,
    superseded_load_id asc,
    superseded_path asc
