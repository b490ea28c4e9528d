{#-
    dbt calls this for an existing incremental model or seed. It is rebuilt if an increment
    could not repair its old rows: an earlier version built it with other columns than its
    properties file names, or `load --reload` replaced every load that it was built from.
-#}
{% macro should_full_refresh() %}
    {% if flags.FULL_REFRESH or config.get('full_refresh') is not none %}
        {{ return(dbt.should_full_refresh()) }}
    {% endif %}
    {% set relation = load_cached_relation(this) %}
    {% if relation is none or not relation.is_table %}
        {{ return(false) }}
    {% endif %}
    {#- dbt calls this several times for each model, and needs the same answer. -#}
    {% set key = at_compile('rebuild', this) %}
    {% if key not in graph %}
        {% set existing = run_query(
            'select * from ' ~ this.render() ~ ' where 1 = 0'
        ).column_names %}
        {% set is_replaced = model.config.materialized == 'incremental'
            and loads_at_compile(this)['watermark'] < loads_at_compile(this)['first'] %}
        {% do graph.update({
            key: is_replaced or existing | sort | join(' ') != model.columns | sort | join(' ')
        }) %}
    {% endif %}
    {{ return(graph[key]) }}
{% endmacro %}
