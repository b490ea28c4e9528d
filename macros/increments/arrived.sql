{#-
    What `warehouse.py run` has tested once it does not look at again: it tells by the
    var `tested_load` up to which load all tests have passed, and a test of a long
    relation looks at the stretch of time that newer loads touched, as `time` does for
    moments that it lacks. Equal keys have equal times, so that a double is in that
    stretch with its twin. `dbt run`, `dbt test` and `dbt build` by hand look at
    everything.
-#}
{% macro arrived(relation) %}
    {% set columns = {
        'staging_events': 'ts',
        'stg_events': 'occurred_ms',
        'songplays': 'start_time',
        'time': 'start_time',
        'int_user_steps': 'occurred_at',
    } %}
    {% set column = columns[relation.identifier] %}
    {% if not execute or not var('tested_load') or not column %}
        {{ return('1 = 1') }}
    {% endif %}
    {#- Beside it stands the relation that knows the load of each row. -#}
    {% set places = {'start_time': 'songplays', 'occurred_at': 'int_user_steps'} %}
    {% set place = places.get(column, 'staging_events') %}
    {% set span = arrived_span(
        relation.incorporate(path={'identifier': place}), columns[place]
    ) %}
    {% if span['first'] is none %}
        {{ return('1 = 0') }}
    {% endif %}
    {{ return(column ~ " between '" ~ span['first'] ~ "' and '" ~ span['last'] ~ "'") }}
{% endmacro %}


{#- The first and the last time of what newer loads brought or changed. -#}
{% macro arrived_span(relation, column) %}
    {{ return(run_query(
        'select min(' ~ column ~ ') as first, max(' ~ column ~ ') as last from '
        ~ relation ~ ' where _load_id > ' ~ var('tested_load') | int
    ).rows[0]) }}
{% endmacro %}


{#- dbt's own hook for the rows that a test looks at. -#}
{% macro get_where_subquery(relation) -%}
    {%- set conditions = [config.get('where'), arrived(relation)] -%}
    {%- set where = conditions | select | reject('equalto', '1 = 1') | join(' and ') -%}
    {%- if where -%}
        (select * from {{ relation }} where {{ where }}) as dbt_subquery
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}


{#- The newest load, and the newest that all tests have passed. -#}
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


{#- What is made anew, or empty, was never tested. -#}
{% macro forget_tested() %}
    {% if execute and (flags.FULL_REFRESH or flags.EMPTY) %}
        {% call statement('forget_tested') %}
            delete from {{ whole_source('tested_loads') }}
        {% endcall %}
        {% do adapter.commit() %}
    {% endif %}
{% endmacro %}


{% macro note_tested(load_id) %}
    {% call statement('note_tested') %}
        insert into {{ source('sparkify', 'tested_loads') }}
        values ({{ load_id | int }}, {{ utc_now() }})
    {% endcall %}
    {% do adapter.commit() %}
{% endmacro %}
