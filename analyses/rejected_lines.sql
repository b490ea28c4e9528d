-- Which lines did the loads set aside, and why? One row per line that `--max-errors`
-- allowed, the newest load first. `raw` is null where the engine did not keep it.
select
    load_id,
    source,
    path,
    line,
    reason,
    {{ adapter.quote('raw') }}
from {{ source('sparkify', 'rejected_rows') }}
order by
    load_id desc nulls last,
    source asc,
    path asc,
    line asc
