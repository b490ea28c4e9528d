-- What became of each file? One row per delivery: when, how many rows, and whether its
-- path had been delivered before with other content.
with deliveries as (

    select
        source,
        path,
        row_number() over (
            partition by source, path
            order by load_id
        ) as delivery,
        load_id,
        loaded_at,
        bytes,
        etag,
        rows_loaded,
        rows_rejected
    from {{ source('sparkify', 'loaded_files') }}

)

select
    source,
    path,
    delivery,
    case when delivery = 1 then 'new' else 'changed' end as what,
    load_id,
    loaded_at,
    bytes,
    etag,
    rows_loaded,
    rows_rejected
from deliveries
order by source, path, delivery
