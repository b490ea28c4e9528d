{#-
    The outcome of all loads after a given one: its counts in every row, and the first five
    rows that a row with the same key and other content replaced.
-#}
{% macro loads_since(load_id) %}
    with replaced as (

        select
            load_id,
            path,
            superseded_load_id,
            superseded_path,
            row_key,
            count(*) over () as replaced,
            row_number() over (
                order by source, row_key, superseded_load_id, superseded_path
            ) as number
        from {{ source('sparkify', 'superseded_rows') }}
        where load_id > {{ load_id }} and row_key is not null

    ),

    counts as (

        select
            count(*) as files,
            coalesce(sum(rows_loaded), 0) as rows_loaded,
            coalesce(sum(rows_rejected), 0) as rows_rejected,
            count(case when rows_loaded + rows_rejected = 0 then 1 end) as empty_files,
            min(case when rows_loaded + rows_rejected = 0 then path end) as empty_file
        from {{ source('sparkify', 'loaded_files') }}
        where load_id > {{ load_id }}

    )

    select
        counts.*,
        replaced.*
    from counts
    left join replaced
        on replaced.number <= 5
    order by replaced.number
{% endmacro %}
