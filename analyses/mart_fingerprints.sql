-- Do two warehouses hold the same? Rows and fingerprint of every mart. The same input
-- gives the same on every engine, however it arrived; `_load_id` does not count. A mart
-- that is not built yet has no row.
{% set relations = [] %}
{% for mart in marts() %}
{% do relations.append(ref(mart)) %}
{% endfor %}
{% set kinds = kinds_of(relations) %}
with fingerprints as (

    {% for mart in marts() if mart in kinds or not execute %}
    select
        {{ loop.index }} as place,
        cast('{{ mart }}' as varchar(64)) as mart,
        row_count,
        fingerprint
    from (
        {{ mart_fingerprint(mart) }}
    ) as {{ mart }}_fingerprint
    {% if not loop.last %}union all{% endif %}
    {% else %}
    select
        0 as place,
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
order by place
