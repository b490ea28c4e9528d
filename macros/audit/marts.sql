{#-
    The marts, by name: every public model, as a relation. A public model without a
    contract has no fingerprint, and stops whatever compares marts.
-#}
{% macro marts() %}
    {% set found = [] %}
    {% for model in graph.get('nodes', {}).values() | sort(attribute='name')
        if model.resource_type == 'model' and model.access == 'public' %}
        {% do found.append(api.Relation.create(
            database=model.database, schema=model.schema, identifier=model.alias
        )) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{#-
    Map each existing relation's name to what it is: a table or a view.
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
