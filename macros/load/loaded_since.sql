{#- Files, rows and rejected lines of all loads after a given one. -#}
{% macro loaded_since(load_id) %}
    select
        count(*) as files,
        coalesce(sum(rows_loaded), 0) as rows_loaded,
        coalesce(sum(rows_rejected), 0) as rows_rejected
    from {{ source('sparkify', 'loaded_files') }}
    where load_id > {{ load_id | int }}
{% endmacro %}


{#- The files of those loads that held nothing to load. -#}
{% macro empty_files_since(load_id) %}
    select path
    from {{ source('sparkify', 'loaded_files') }}
    where load_id > {{ load_id | int }}
        and rows_loaded = 0
        and rows_rejected = 0
    order by path
{% endmacro %}
