{#-
    Make the tables that the load writes to, where they are missing: the two staging
    tables, the ledger, and the load's own notes; and columns that staging lacks, because
    an earlier version made it. Never drops anything.
-#}
{% macro create_staging_tables() %}
    {% if execute %}
        {% set schema = source('sparkify', 'staging_events').without_identifier() %}
        {#- Redshift refuses a database's name here. -#}
        {% call statement('create_staging_tables') %}
            create schema if not exists {{ schema.include(database=false).render() }};
            {%- for table in ['events', 'songs'] %}
            create table if not exists {{ source('sparkify', 'staging_' ~ table).render() }} (
                {%- for column in staging_columns(table) %}
                {{ column.name }} {{ column.type }}
                    {%- if column.required %} not null{% endif %},
                {%- endfor %}
                _load_id bigint not null
            );
            {%- endfor %}
            create table if not exists {{ source('sparkify', 'loaded_files').render() }} (
                load_id bigint not null,
                source varchar(16) not null,
                path varchar(2048) not null,
                etag varchar(128) not null,
                bytes bigint not null,
                rows_loaded bigint not null,
                rows_rejected bigint not null,
                loaded_at timestamp not null
            );
            create table if not exists {{ source('sparkify', 'rejected_rows').render() }} (
                load_id bigint not null,
                source varchar(16) not null,
                path varchar(2048) not null,
                line bigint not null,
                reason varchar(1024) not null,
                {{ adapter.quote('raw') }} varchar(65535)
            );
            create table if not exists {{ source('sparkify', 'superseded_rows').render() }} (
                load_id bigint not null,
                source varchar(16) not null,
                superseded_load_id bigint not null,
                row_count bigint not null
            );
            create table if not exists {{ source('sparkify', 'file_times').render() }} (
                path varchar(2048) not null,
                etag varchar(128) not null,
                bytes bigint not null,
                modified_ns bigint not null
            );
            {{ create_tested_loads() }}
        {% endcall %}
        {% do add_new_columns('events') %}
        {% do add_new_columns('songs') %}
        {% do adapter.commit() %}
    {% endif %}
{% endmacro %}


{#- Only a reload can fill a new column of rows that are there already. -#}
{% macro add_new_columns(kind) %}
    {% set table = source('sparkify', 'staging_' ~ kind).render() %}
    {% set there = run_query('select * from ' ~ table ~ ' where 1 = 0').column_names %}
    {% for column in staging_columns(kind) if column.name not in there %}
        {% call statement('add_column') %}
            alter table {{ table }} add column {{ column.name }} {{ column.type }}
        {% endcall %}
        {% if run_query('select 1 from ' ~ table ~ ' limit 1').rows %}
            {% do exceptions.warn(
                'staging_' ~ kind ~ ': added the column ' ~ column.name ~ ', which is null'
                ~ ' in the rows that are there: to fill it, `warehouse.py run --reload`'
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}
