{#-
    dbt calls this for an incremental model or seed. An existing one is rebuilt, too, if an
    increment could not repair its old rows: `load --reload` replaced every load that it
    was built from, or an earlier version built it with other columns than its properties
    file names. `full_refresh: false` prevents only the latter.
-#}
{% macro should_full_refresh() %}
    {% set relation = load_cached_relation(this) %}
    {% if dbt.should_full_refresh() or relation is none or not relation.is_table %}
        {{ return(dbt.should_full_refresh()) }}
    {% endif %}
    {#- dbt calls this several times for each model, and needs the same answer. -#}
    {% set key = at_compile('rebuild', this) %}
    {% if key not in graph %}
        {% set is_replaced = model.config.materialized == 'incremental'
            and loads_at_compile(this)['watermark'] < loads_at_compile(this)['first'] %}
        {% set has_other_columns = config.get('full_refresh') is none and run_query(
            'select * from ' ~ this.render() ~ ' where 1 = 0'
        ).column_names | sort | join(' ') != model.columns | sort | join(' ') %}
        {% do graph.update({key: is_replaced or has_other_columns}) %}
    {% endif %}
    {{ return(graph[key]) }}
{% endmacro %}
