{#-
    What every dbt command that builds or tests does first: make the tables that the load
    writes to, where they are missing, so that an empty warehouse builds too.
-#}
{% macro prepare_warehouse() %}
    {% if execute %}
        {% do create_staging_tables() %}
        {#- These write no mart, and a user who may only read may run them. -#}
        {% if flags.WHICH not in ['test', 'generate', 'compile', 'freshness'] %}
            {% do forget_tested_loads() %}
            {% if var('analyst_group') %}
                {% do grant_to_analysts(var('analyst_group')) %}
            {% endif %}
        {% endif %}
        {#- No warning where no selected model reads the load: --defer has production's. -#}
        {% set readers = ['model.sparkify.stg_events', 'model.sparkify.stg_songs'] %}
        {% if flags.WHICH in ['build', 'run']
            and readers | select('in', selected_resources) | list
            and not run_query(
                'select 1 from ' ~ source('sparkify', 'loaded_files').render() ~ ' limit 1'
            ).rows %}
            {% do exceptions.warn(
                'nothing is loaded yet, so every mart will be empty:'
                ~ ' load with `python scripts/warehouse.py load`'
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}
