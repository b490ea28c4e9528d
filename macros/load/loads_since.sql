{#-
    The outcome of all loads after a given one. The first row has the counts; then there is
    a row for each file that held nothing, and for the first rows that a row with the same
    key and other content replaced.
-#}
{% macro loads_since(load_id, shown=5) %}
    {% set ledger = source('sparkify', 'loaded_files') %}
    {% set newer = 'load_id > ' ~ load_id | int %}
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
        where {{ newer }} and row_key is not null

    ),

    counts as (

        select
            count(*) as files,
            coalesce(sum(rows_loaded), 0) as rows_loaded,
            coalesce(sum(rows_rejected), 0) as rows_rejected,
            coalesce((select max(replaced) from replaced), 0) as replaced
        from {{ ledger }}
        where {{ newer }}

    ),

    details as (

        select
            'empty' as what,
            path,
            load_id,
            cast(null as bigint) as superseded_load_id,
            cast(null as varchar(2048)) as superseded_path,
            cast(null as varchar(1024)) as row_key,
            0 as number
        from {{ ledger }}
        where {{ newer }} and rows_loaded = 0 and rows_rejected = 0

        union all

        select
            'replaced' as what,
            path,
            load_id,
            superseded_load_id,
            superseded_path,
            row_key,
            number
        from replaced
        where number <= {{ shown }}

    )

    select
        counts.*,
        details.*
    from counts
    left join details
        on 1 = 1
    order by details.what, details.number, details.path
{% endmacro %}
