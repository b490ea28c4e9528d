{#-
    Make the tables that the load writes to, where they are missing: the two staging
    tables, the ledger, and the load's own notes; and columns that staging lacks, because
    an earlier version made it. Never drops anything, and asks for no right to create where
    all is there.
-#}
{% macro create_staging_tables() %}
    {% if execute %}
        {% set made = made_tables() %}
        {% set ledger = source('sparkify', 'loaded_files') %}
        {% set missing = {} %}
        {% for name, columns in load_tables().items() if name not in made %}
            {% do missing.update(
                {ledger.incorporate(path={'identifier': name}): columns}
            ) %}
        {% endfor %}
        {% if missing or 'tested_loads' not in made %}
            {% set schema = ledger.without_identifier() %}
            {% set is_there = adapter.check_schema_exists(schema.database, schema.schema) %}
            {% call statement('create_staging_tables') %}
                {#- Redshift refuses a database's name here. -#}
                {{ 'create schema if not exists ' ~ schema.include(database=false) ~ ';'
                    if not is_there }}
                {%- for table, columns in missing.items() %}
                create table if not exists {{ table.render() }} (
                    {{ columns | join(',\n') }}
                );
                {%- endfor %}
                {{ create_tested_loads() if 'tested_loads' not in made }}
            {% endcall %}
            {% do adapter.commit() %}
        {% endif %}
        {% for kind in ['events', 'songs'] if 'staging_' ~ kind in made %}
            {% do add_new_columns(kind, made['staging_' ~ kind]) %}
        {% endfor %}
    {% endif %}
{% endmacro %}


{#- Only a reload can fill a new column of rows that are there already. -#}
{% macro add_new_columns(kind, there) %}
    {% set table = source('sparkify', 'staging_' ~ kind).render() %}
    {% for column in staging_columns(kind) if column.name not in there %}
        {% call statement('add_column') %}
            alter table {{ table }} add column {{ column.name }} {{ column.type }}
        {% endcall %}
        {% do adapter.commit() %}
        {% if run_query('select 1 from ' ~ table ~ ' limit 1').rows %}
            {% do exceptions.warn(
                'staging_' ~ kind ~ ': added the column ' ~ column.name ~ ', which is null'
                ~ ' in the rows that are there: to fill it, `warehouse.py run --reload`'
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{#-
    The tables that are there, and their columns. dbt's own look would begin a
    transaction, and the load's must begin with its lock.
-#}
{% macro made_tables() %}
    {% set ledger = source('sparkify', 'loaded_files') %}
    {% set made = {} %}
    {% for row in run_query(
        'select table_name, column_name from information_schema.columns'
        ~ ' where table_catalog = ' ~ sql_text(ledger.database)
        ~ ' and table_schema = ' ~ sql_text(ledger.schema)
    ).rows %}
        {% do made.setdefault(row['table_name'], []).append(row['column_name']) %}
    {% endfor %}
    {{ return(made) }}
{% endmacro %}


{#- The columns of each of these tables. -#}
{% macro load_tables() %}
    {% set tables = {
        'loaded_files': [
            'load_id bigint not null',
            'source varchar(16) not null',
            'path varchar(2048) not null',
            'etag varchar(128) not null',
            'bytes bigint not null',
            'rows_loaded bigint not null',
            'rows_rejected bigint not null',
            'loaded_at timestamp not null',
        ],
        'rejected_rows': [
            'load_id bigint not null',
            'source varchar(16) not null',
            'path varchar(2048) not null',
            'line bigint not null',
            'reason varchar(1024) not null',
            adapter.quote('raw') ~ ' varchar(65535)',
        ],
        'superseded_rows': [
            'load_id bigint not null',
            'source varchar(16) not null',
            'superseded_load_id bigint not null',
            'row_count bigint not null',
        ],
        'file_times': [
            'path varchar(2048) not null',
            'etag varchar(128) not null',
            'bytes bigint not null',
            'modified_ns bigint not null',
        ],
    } %}
    {% for name in lock_names() %}
        {% do tables.update({name: ['is_empty boolean']}) %}
    {% endfor %}
    {% for kind in ['events', 'songs'] %}
        {% set columns = [] %}
        {% for column in staging_columns(kind) %}
            {% do columns.append(
                column.name ~ ' ' ~ column.type
                ~ (' not null' if column.required else '')
            ) %}
        {% endfor %}
        {% do tables.update(
            {'staging_' ~ kind: columns + ['_load_id bigint not null']}
        ) %}
    {% endfor %}
    {{ return(tables) }}
{% endmacro %}
