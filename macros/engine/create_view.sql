{#-
    A view in a DuckDB file names its relations without the file's catalogue: so it works
    in a copy of the file, and where the file is attached under another name.
-#}
{% macro duckdb__create_view_as(relation, sql) %}
    {% set catalogue = adapter.quote(relation.database) ~ '.' %}
    {{ return(dbt.duckdb__create_view_as(relation, sql | replace(catalogue, ''))) }}
{% endmacro %}
