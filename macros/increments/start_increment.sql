{#-
    The pre-hook of an incremental model that knows the load of each row. It waits for a
    build that runs at the same time, and deletes the rows of loads that `load --reload`
    replaced: the ledger does not hold their numbers any more.
-#}
{% macro start_increment() -%}
    {%- if is_incremental() -%}
        {%- do wait_for_other_builds() -%}
        delete from {{ this }}
        where _load_id < (
            select min(load_id) from {{ source('sparkify', 'loaded_files').render() }}
        )
    {%- endif -%}
{%- endmacro %}


{#-
    The pre-hook of `time`, which knows no load. A moment loses its last play only when
    `load --reload` replaces staging: the ledger then starts at a later load than 1.
-#}
{% macro start_time_increment() -%}
    {%- if is_incremental() -%}
        {%- do wait_for_other_builds() -%}
        {%- set first_load = run_query(
            'select coalesce(min(load_id), 0) as load_id from '
            ~ source('sparkify', 'loaded_files').render()
        ).rows[0]['load_id'] -%}
        {%- if first_load > [1, var('tested_load') | int] | max -%}
        delete from {{ this }}
        where start_time not in (select start_time from {{ ref('songplays').render() }})
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#-
    Of two builds at once on Redshift the second waits here until the first commits. Its
    statements then see the rows that the first one added. The locked table is one that
    only builds read, because a lock keeps readers waiting too.
-#}
{% macro wait_for_other_builds() %}
    {% set lock = lock_tables([source('sparkify', 'tested_loads')]) | trim %}
    {% if lock %}
        {% call statement('wait_for_other_builds') %}{{ lock }}{% endcall %}
    {% endif %}
{% endmacro %}
