-- Do two warehouses hold the same? Rows and fingerprint of every mart, which the same
-- input gives on every engine, however it arrived; `_load_id` is no part of it.
{% set marts = ['songplays', 'users', 'songs', 'artists', 'time', 'user_levels'] %}
with fingerprints as (
    {% for mart in marts %}
    select
        {{ loop.index }} as place,
        cast('{{ mart }}' as varchar(64)) as mart,
        row_count,
        fingerprint
    from (
        {{ mart_fingerprint(mart) }}
    ) as {{ mart }}_fingerprint
    {% if not loop.last %}union all{% endif %}
    {% endfor %}
)

select
    mart,
    row_count,
    fingerprint
from fingerprints
order by place asc nulls last
