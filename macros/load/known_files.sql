{#- The latest delivery of every file in the ledger. -#}
{% macro known_files() %}
    with ordered as (

        select
            source,
            path,
            etag,
            bytes,
            load_id,
            row_number() over (
                partition by source, path
                order by load_id desc
            ) as recency
        from {{ source('sparkify', 'loaded_files') }}

    )

    select
        ordered.source,
        ordered.path,
        ordered.etag,
        ordered.bytes,
        ordered.load_id,
        file_times.modified_ns
    from ordered
    left join {{ source('sparkify', 'file_times') }}
        on ordered.path = file_times.path
        and ordered.etag = file_times.etag
        and ordered.bytes = file_times.bytes
    where ordered.recency = 1
{% endmacro %}
