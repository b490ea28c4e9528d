{#- Drop the schemas that `warehouse.py check` made, and no others. -#}
{% macro drop_check_schemas() %}
    {% if not target.schema.startswith('sparkify_check_') %}
        {% do exceptions.raise_compiler_error(
            target.schema ~ ' is not a schema of `warehouse.py check`'
        ) %}
    {% endif %}
    {% call statement('drop_check_schemas') %}
        drop schema if exists {{ target.schema }} cascade;
        drop schema if exists {{ target.schema }}_staging cascade
    {% endcall %}
    {% do adapter.commit() %}
{% endmacro %}
