{#-
    Make the tables that load and build write to, where they are missing, and columns that
    they lack because an earlier version made them. Never drops anything, and asks for no
    right to create where nothing is missing.
-#}
{% macro create_staging_tables() %}
    {% if execute %}
        {% set ledger, made, statements = source('sparkify', 'loaded_files'), {}, [] %}
        {#- dbt's own query would begin a transaction: the load's begins with its lock. -#}
        {% for row in run_query(
            'select table_name, column_name from information_schema.columns'
            ~ ' where table_catalog = ' ~ sql_text(ledger.database)
            ~ ' and table_schema = ' ~ sql_text(ledger.schema)
        ).rows %}
            {% do made.setdefault(row['table_name'], []).append(row['column_name']) %}
        {% endfor %}
        {% for name, columns in load_tables().items() %}
            {% set table = ledger.incorporate(path={'identifier': name}).render() %}
            {% if name not in made %}
                {% do statements.append(
                    'create table if not exists ' ~ table ~ ' ('
                    ~ columns.values() | join(',\n') ~ ')'
                ) %}
                {% do statements.append('insert into ' ~ table ~ ' values (0)')
                    if name.endswith('_increment') %}
            {% endif %}
            {% for column, definition in columns.items()
                if name in made and column not in made[name] %}
                {% do statements.append(
                    'alter table ' ~ table ~ ' add column '
                    ~ definition.replace(' not null', '')
                ) %}
                {% do exceptions.warn(
                    name ~ ': added the column ' ~ column ~ ', which is null in the rows'
                    ~ ' that are there: to fill it, `warehouse.py run --reload`'
                ) if name.startswith('staging_') %}
            {% endfor %}
        {% endfor %}
        {% if statements %}
            {% set schema = ledger.without_identifier() %}
            {% call statement('create_staging_tables') %}
                {#- Redshift refuses a database's name here. -#}
                {{ 'create schema if not exists ' ~ schema.include(database=false) ~ ';'
                    if not adapter.check_schema_exists(schema.database, schema.schema) }}
                {{ statements | join(';\n') }}
            {% endcall %}
            {% do adapter.commit() %}
        {% endif %}
    {% endif %}
{% endmacro %}


{#-
    The columns of each of these tables, by name with their definitions: sources,
    watermarks and locks.
-#}
{% macro load_tables() %}
    {% set tables = {} %}
    {% for table in graph.sources.values() if table.package_name == 'sparkify' %}
        {% set columns = {} %}
        {% for column in table.columns.values() %}
            {% set is_required = column.meta.get('required', 'staging_' not in table.name) %}
            {% do columns.update({
                column.name: adapter.quote(column.name) ~ ' ' ~ column.data_type
                    ~ (' not null' if is_required else '')
            }) %}
        {% endfor %}
        {% do tables.update({table.name: columns}) %}
    {% endfor %}
    {% set writers = ['load', 'build'] %}
    {% for model in graph.nodes.values() if model.resource_type in ['model', 'seed'] %}
        {% do writers.append(model.alias) if model.config.materialized != 'view' %}
        {% do tables.update({
            watermark_table(model.alias).identifier: {'load_id': 'load_id bigint not null'}
        }) if model.config.materialized == 'incremental' %}
    {% endfor %}
    {% for name in writers if wait_for_writers(name) %}
        {% do tables.update({name ~ '_lock': {'is_empty': 'is_empty boolean'}}) %}
    {% endfor %}
    {{ return(tables) }}
{% endmacro %}
