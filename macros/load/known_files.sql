{#-
    The latest delivery of every file in the ledger, and its position in the order of
    first deliveries, from 1: files that came together have the same position. No row where
    nothing was ever loaded.
-#}
{% macro known_files() %}
    {% if execute and not kinds_of([source('sparkify', 'loaded_files')]) %}
        {{ return('select 1 as load_id where 1 = 0') }}
    {% endif %}
    with ordered as (

        select
            source,
            path,
            etag,
            bytes,
            load_id,
            min(load_id) over (partition by source, path) as first_load_id,
            min(loaded_at) over (partition by source, path) as first_loaded_at,
            row_number() over (
                partition by source, path
                order by load_id desc nulls last
            ) as recency
        from {{ source('sparkify', 'loaded_files') }}

    )

    select
        ordered.source,
        ordered.path,
        ordered.etag,
        ordered.bytes,
        ordered.load_id,
        file_times.modified_ns,
        dense_rank() over (
            order by ordered.first_load_id, ordered.first_loaded_at
        ) as delivery_order
    from ordered
    left join {{ source('sparkify', 'file_times') }}
        on ordered.path = file_times.path
        and ordered.etag = file_times.etag
        and ordered.bytes = file_times.bytes
    where ordered.recency = 1
{% endmacro %}
