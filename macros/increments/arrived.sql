{#-
    A condition for the rows of a long relation that may be new since all tests passed.
    `warehouse.py run` sets the var `tested_load` to the newest tested load. Tests then
    read the stretch of time that newer loads touched, and `time` compares that stretch.
    A duplicate has the time of its twin, so both are in the stretch. Without the var
    everything is read.
-#}
{% macro arrived(relation, each_alone=false) %}
    {% set columns = {
        'staging_events': 'ts',
        'stg_events': 'occurred_ms',
        'songplays': 'start_time',
        'page_views': 'occurred_at',
        'time': 'start_time',
        'int_user_steps': 'occurred_at',
    } %}
    {% set column = columns[relation.identifier] %}
    {% if not execute or not var('tested_load') or not column %}
        {{ return('1 = 1') }}
    {% endif %}
    {#- Late songs change few plays over a long stretch. -#}
    {% if each_alone and relation.identifier == 'songplays'
        and arrived_span(source('sparkify', 'staging_events'), 'ts')['first'] is none %}
        {{ return('_load_id > ' ~ var('tested_load') | int) }}
    {% endif %}
    {#- These two take the loads of their rows from another relation. -#}
    {% set with_loads = {'time': 'songplays', 'stg_events': 'staging_events'}
        .get(relation.identifier, relation.identifier) %}
    {% set span = arrived_span(
        relation.incorporate(path={'identifier': with_loads}), columns[with_loads]
    ) %}
    {% if span['first'] is none %}
        {{ return('1 = 0') }}
    {% endif %}
    {{ return(column ~ " between '" ~ span['first'] ~ "' and '" ~ span['last'] ~ "'") }}
{% endmacro %}


{#-
    The first and the last time of the rows that newer loads added or changed. A dozen
    tests of one command ask for the same. They share `graph`, so only the first queries.
-#}
{% macro arrived_span(relation, column) %}
    {% set known = 'arrived in ' ~ relation ~ ' ' ~ invocation_id %}
    {% if known not in graph %}
        {% do graph.update({known: run_query(
            'select min(' ~ column ~ ') as first, max(' ~ column ~ ') as last from '
            ~ relation ~ ' where _load_id > ' ~ var('tested_load') | int
        ).rows[0]}) %}
    {% endif %}
    {{ return(graph[known]) }}
{% endmacro %}


{#- dbt calls this for the rows that a generic test reads. -#}
{% macro get_where_subquery(relation) -%}
    {%- set each_alone = not model.test_metadata.name.startswith('unique') -%}
    {%- set conditions = [config.get('where'), arrived(relation, each_alone)] -%}
    {%- set where = conditions | select | reject('equalto', '1 = 1') | join(' and ') -%}
    {%- if where -%}
        (select * from {{ relation }} where {{ where }}) as dbt_subquery
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
