-- Do two warehouses hold the same? Rows and fingerprint of every mart. The same input
-- gives the same on every engine, however it arrived; `_load_id` does not count. A mart
-- that is not built yet has no row.
{% set marts = marts() %}
{% set kinds = kinds_of(marts) %}
with fingerprints as (

    {% for mart in marts if mart.identifier in kinds %}
    select
        cast('{{ mart.identifier }}' as varchar(64)) as mart,
        row_count,
        fingerprint
    from (
        {{ mart_fingerprint(mart) }}
    ) as {{ mart.identifier }}_fingerprint
    {% if not loop.last %}union all{% endif %}
    {% else %}
    select
        cast(null as varchar(64)) as mart,
        0 as row_count,
        cast(null as varchar(32)) as fingerprint
    where 1 = 0
    {% endfor %}

)

select
    mart,
    row_count,
    fingerprint
from fingerprints
order by mart
