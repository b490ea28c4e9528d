{#-
    dbt calls this for an existing incremental model or seed. One whose columns are not
    those of its properties file was built by an earlier version: an increment could not
    fill its old rows, so it is rebuilt.
-#}
{% macro should_full_refresh() %}
    {% if flags.FULL_REFRESH or config.get('full_refresh') is not none %}
        {{ return(dbt.should_full_refresh()) }}
    {% endif %}
    {% set relation = load_cached_relation(this) %}
    {% if relation is none or not relation.is_table %}
        {{ return(false) }}
    {% endif %}
    {#- dbt calls this several times for each model; one query is enough. -#}
    {% if 'has_other_columns' not in model %}
        {% set existing = run_query(
            'select * from ' ~ this.render() ~ ' where 1 = 0'
        ).column_names %}
        {% do model.update({
            'has_other_columns': existing | sort | join(' ') != model.columns | sort | join(' ')
        }) %}
    {% endif %}
    {{ return(model['has_other_columns']) }}
{% endmacro %}
