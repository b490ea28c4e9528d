{#- The marts, in the order in which every list shows them. -#}
{% macro marts() %}
    {{ return(['songplays', 'users', 'songs', 'artists', 'time', 'user_levels']) }}
{% endmacro %}


{#-
    Of some relations those that are there, by name, and what each is: a table or a view.
    One query. dbt's own look takes one for each schema, and begins a transaction.
-#}
{% macro kinds_of(relations) %}
    {% if not execute %}
        {{ return({}) }}
    {% endif %}
    {% set named = [] %}
    {% for relation in relations %}
        {% do named.append(relation.schema ~ '.' ~ relation.identifier) %}
    {% endfor %}
    {% set kinds = {} %}
    {% for row in run_query(
        'select table_schema, table_name, table_type from information_schema.tables'
        ~ ' where table_catalog = ' ~ sql_text(relations[0].database)
    ).rows if row['table_schema'] ~ '.' ~ row['table_name'] in named %}
        {% do kinds.update({row['table_name']: row['table_type'] | lower}) %}
    {% endfor %}
    {{ return(kinds) }}
{% endmacro %}
