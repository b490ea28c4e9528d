{#- The newest load, and the newest load whose build passed all tests. -#}
{% macro loads_to_test() %}
    select
        (
            select coalesce(max(load_id), 0)
            from {{ source('sparkify', 'loaded_files') }}
        ) as newest_load,
        (
            select coalesce(max(load_id), 0)
            from {{ source('sparkify', 'tested_loads') }}
        ) as tested_load
{% endmacro %}


{% macro note_tested(load_id) %}
    {% call statement('note_tested') %}
        insert into {{ source('sparkify', 'tested_loads') }}
        values ({{ load_id | int }}, {{ utc_now() }})
    {% endcall %}
    {% do adapter.commit() %}
{% endmacro %}


{% macro forget_tested_loads() %}
    {% call statement('forget_tested_loads') %}
        delete from {{ source('sparkify', 'tested_loads').render() }}
    {% endcall %}
    {% do adapter.commit() %}
{% endmacro %}
