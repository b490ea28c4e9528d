{#-
    A condition for the rows of a long relation that may be new since all tests passed.
    `warehouse.py run` sets the var `tested_load` to the newest tested load. Without it
    everything is read.

    A long relation is sorted by time. A duplicate has the time of its twin, so a test
    that compares rows reads the stretch of time that newer loads touched. A test that
    judges each row alone reads the newer rows.
-#}
{% macro new_since_tested(relation, each_alone=false) %}
    {% set tested = var('tested_load') | int %}
    {% set node = (graph.nodes.values() | list + graph.sources.values() | list)
        | selectattr('resource_type', 'in', ['model', 'source'])
        | selectattr('name', 'equalto', relation.identifier) | first
        if execute and tested %}
    {% set sort = time_of_rows(node) if node %}
    {% if not sort %}
        {{ return('1 = 1') }}
    {% elif '_load_id' in node.columns and each_alone %}
        {{ return('_load_id > ' ~ tested) }}
    {% elif '_load_id' not in node.columns %}
        {#- Its rows have the times of its upstream. -#}
        {% set relation = relation.incorporate(
            path={'identifier': incremental_upstream(node).alias}
        ) %}
    {% endif %}
    {% set span = span_since(tested, relation, sort) %}
    {% if span['first'] is none %}
        {{ return('1 = 0') }}
    {% endif %}
    {{ return(sort ~ " between '" ~ span['first'] ~ "' and '" ~ span['last'] ~ "'") }}
{% endmacro %}


{#-
    The column with the time of a long relation's rows: the sort column of an incremental
    model, or what the properties file names. Nothing for other relations.
-#}
{% macro time_of_rows(node) %}
    {% set sort = node.config.get('sort') %}
    {{ return(
        sort if node.config.get('materialized') == 'incremental'
            and node.columns[sort].data_type in ['timestamp', 'date']
        else node.config.get('meta', {}).get('sort')
    ) }}
{% endmacro %}


{#- dbt calls this for the rows that a generic test reads. -#}
{% macro get_where_subquery(relation) -%}
    {%- set each_alone = not model.test_metadata.name.startswith('unique') -%}
    {%- set conditions = [config.get('where'), new_since_tested(relation, each_alone)] -%}
    {%- set where = conditions | select | reject('equalto', '1 = 1') | join(' and ') -%}
    {%- if where -%}
        (select * from {{ relation }} where {{ where }}) as dbt_subquery
    {%- else -%}
        {{ relation }}
    {%- endif -%}
{%- endmacro %}
