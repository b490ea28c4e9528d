{#- The first and the last value of a column in the rows of newer loads. -#}
{% macro span_since(load_id, relation, column) %}
    {%- if not execute -%}{{ return({}) }}{%- endif -%}
    {#- A dozen tests of one command ask for the same, and share dbt's `graph`. -#}
    {% set key = ['span', invocation_id, load_id, relation, column] | join(' ') %}
    {% if key not in graph %}
        {% do graph.update({key: run_query(
            'select min(' ~ column ~ ') as first, max(' ~ column ~ ') as last from '
            ~ relation.render() ~ ' where _load_id > ' ~ load_id
        ).rows[0]}) %}
    {% endif %}
    {{ return(graph[key]) }}
{% endmacro %}


{#-
    The days on which the events of newer loads fall, as literal numbers of days since
    1970: a join with a query would read all events to find those of a day.
-#}
{% macro event_days_since(load_id) %}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {{ return(run_query(
        'select distinct cast(floor(occurred_ms / 86400000.0) as bigint) as event_day'
        ~ ' from ' ~ ref('stg_events') ~ ' where _load_id > ' ~ load_id
        ~ ' order by event_day'
    ).columns[0].values() | list) }}
{% endmacro %}


{#- Whether newer loads brought songs, which may change the match of old plays. -#}
{% macro has_songs_since(load_id) %}
    {{ return(loads_at_compile(this)['songs'] > load_id) }}
{% endmacro %}
