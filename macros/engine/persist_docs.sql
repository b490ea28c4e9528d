{#-
    dbt-redshift sends every comment after every build of a model, each in a round trip of
    its own. This override sends the comments that differ from what the catalogue has.
-#}
{% macro redshift__persist_docs(relation, model, for_relation, for_columns) %}
    {% do send_comments(relation, model, catalogued(relation), for_relation, for_columns) %}
{% endmacro %}


{#- existing  the relation in the catalogue, as `catalogued` returns it -#}
{% macro send_comments(relation, model, existing, for_relation=true, for_columns=true) %}
    {% set statements = [] %}
    {% if for_relation and config.persist_relation_docs() and model.description
        and model.description != existing.comment %}
        {% do statements.append(alter_relation_comment(relation, model.description)) %}
    {% endif %}
    {#- The columns of a late-binding view take no comment. -#}
    {% if for_columns and config.persist_column_docs() and config.get('bind') != false %}
        {% set changed = {} %}
        {% for name, column in model.columns.items() if name in existing.columns
            and (column.description or none) != existing.columns[name].comment %}
            {% do changed.update({name: column}) %}
        {% endfor %}
        {% if changed %}
            {% do statements.append(alter_column_comment(relation, changed)) %}
        {% endif %}
    {% endif %}
    {% if statements %}
        {% do run_query(statements | join('\n')) %}
    {% endif %}
{% endmacro %}


{#-
    A relation in Redshift's catalogue: whether it is a table, its comment, and per column
    type and comment. The columns are in their order.
-#}
{% macro catalogued(relation) %}
    {% set rows = run_query(
        'select'
        ~ ' relations.relkind::varchar as kind,'
        ~ ' column_names.attname::varchar as name,'
        ~ ' format_type(column_names.atttypid, column_names.atttypmod)::varchar as type,'
        ~ ' on_column.description::varchar as column_comment,'
        ~ ' on_relation.description::varchar as relation_comment'
        ~ ' from pg_class as relations'
        ~ ' inner join pg_namespace as schemas'
        ~ ' on relations.relnamespace = schemas.oid'
        ~ ' left join pg_attribute as column_names'
        ~ ' on relations.oid = column_names.attrelid'
        ~ ' and column_names.attnum > 0 and not column_names.attisdropped'
        ~ ' left join pg_description as on_column'
        ~ ' on relations.oid = on_column.objoid'
        ~ ' and column_names.attnum = on_column.objsubid'
        ~ ' left join pg_description as on_relation'
        ~ ' on relations.oid = on_relation.objoid and on_relation.objsubid = 0'
        ~ " where schemas.nspname = '" ~ relation.schema | lower ~ "'"
        ~ " and relations.relname = '" ~ relation.identifier | lower ~ "'"
        ~ ' order by column_names.attnum'
    ).rows %}
    {% set columns = {} %}
    {% for row in rows if row['name'] %}
        {% do columns.update({
            row['name']: {'type': row['type'], 'comment': row['column_comment']}
        }) %}
    {% endfor %}
    {{ return({
        'is_table': rows and rows[0]['kind'] == 'r',
        'comment': rows[0]['relation_comment'] if rows else none,
        'columns': columns,
    }) }}
{% endmacro %}
