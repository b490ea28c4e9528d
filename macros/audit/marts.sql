{#-
    The marts, by name: every public model, as a relation. A public model without a
    contract has no fingerprint, and stops whatever compares marts.
-#}
{% macro marts() %}
    {% set relations = [] %}
    {% for model in graph.get('nodes', {}).values() | sort(attribute='name')
        if model.resource_type == 'model' and model.access == 'public' %}
        {% do relations.append(api.Relation.create(
            database=model.database, schema=model.schema, identifier=model.alias
        )) %}
    {% endfor %}
    {{ return(relations) }}
{% endmacro %}


{#-
    A map from the name of each existing relation to its kind, table or view. One query:
    dbt's own takes one for each schema, and begins a transaction.
-#}
{% macro kinds_of(relations) %}
    {% if not execute %}
        {{ return({}) }}
    {% endif %}
    {% set names, kinds = [], {} %}
    {% for relation in relations %}
        {% do names.append(relation.schema ~ '.' ~ relation.identifier) %}
    {% endfor %}
    {% for row in run_query(
        'select table_schema, table_name, table_type from information_schema.tables'
        ~ ' where table_catalog = ' ~ sql_text(relations[0].database)
    ).rows if row['table_schema'] ~ '.' ~ row['table_name'] in names %}
        {% do kinds.update({row['table_name']: row['table_type'] | lower}) %}
    {% endfor %}
    {{ return(kinds) }}
{% endmacro %}
