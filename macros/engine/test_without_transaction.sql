{#-
    A test on Redshift. One select needs no transaction around it: that saves two of three
    statements. dbt's own way remains where failures are stored.
-#}
{% materialization test, adapter='redshift' %}
    {% if should_store_failures() or config.get('sql_header') %}
        {{ return(materialization_test_default()) }}
    {% endif %}
    {% call statement('main', fetch_result=true, auto_begin=false) %}
        {{ get_test_sql(
            get_limit_subquery_sql(sql, config.get('limit')),
            config.get('fail_calc'),
            config.get('warn_if'),
            config.get('error_if'),
            limit=none
        ) }}
    {% endcall %}
    {{ return({'relations': []}) }}
{% endmaterialization %}
