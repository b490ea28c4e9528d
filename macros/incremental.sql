{#- The newest load that a relation holds rows of, as a literal that prunes; 0 if none. -#}
{% macro newest_load(relation) -%}
    {%- if execute -%}
        {{ return(run_query(
            'select coalesce(max(_load_id), 0) as load_id from ' ~ relation
        ).rows[0]['load_id']) }}
    {%- else -%}
        {{ return(0) }}
    {%- endif -%}
{%- endmacro %}


{#-
    After `load --reload` every row of staging has a new load, and the ledger knows no
    older one: what an incremental model still holds of those is gone from staging.
-#}
{% macro forget_replaced_loads() -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where _load_id < (
            select min(load_id) from {{ source('sparkify', 'loaded_files') }}
        )
    {%- endif -%}
{%- endmacro %}
