{#-
    Make what the load writes to, where it is missing: the two staging tables, the
    ledger `loaded_files`, the refused lines, the counts of superseded rows, `file_times`,
    the load's note of each local file's time, by which an unchanged file is not read
    again, and `tested_loads`, by which `warehouse.py run` tests only what is new.
    Runs before every dbt command that builds or tests, so that an empty warehouse is
    a warehouse too; never drops or alters anything.
-#}
{% macro create_staging_tables() %}
    {% if execute %}
        {% set schema = whole_source('staging_events').without_identifier() %}
        {#- Redshift's grammar has no database here. -#}
        {% call statement('create_staging_tables') %}
            create schema if not exists {{ schema.include(database=false) }};
            {%- for table in ['events', 'songs'] %}
            create table if not exists {{ whole_source('staging_' ~ table) }} (
                {%- for column in staging_columns(table) %}
                {{ column.name }} {{ column.type }}
                    {%- if column.required %} not null{% endif %},
                {%- endfor %}
                _load_id bigint not null
            );
            {%- endfor %}
            create table if not exists {{ whole_source('loaded_files') }} (
                load_id bigint not null,
                source varchar(16) not null,
                path varchar(2048) not null,
                etag varchar(128) not null,
                bytes bigint not null,
                rows_loaded bigint not null,
                rows_rejected bigint not null,
                loaded_at timestamp not null
            );
            create table if not exists {{ whole_source('rejected_rows') }} (
                load_id bigint not null,
                source varchar(16) not null,
                path varchar(2048) not null,
                line bigint not null,
                reason varchar(1024) not null,
                {{ adapter.quote('raw') }} varchar(65535)
            );
            create table if not exists {{ whole_source('superseded_rows') }} (
                load_id bigint not null,
                source varchar(16) not null,
                superseded_load_id bigint not null,
                row_count bigint not null
            );
            create table if not exists {{ whole_source('file_times') }} (
                path varchar(2048) not null,
                etag varchar(128) not null,
                bytes bigint not null,
                modified_ns bigint not null
            );
            create table if not exists {{ whole_source('tested_loads') }} (
                load_id bigint not null,
                tested_at timestamp not null
            );
        {% endcall %}
        {% do adapter.commit() %}
    {% endif %}
{% endmacro %}


{#-
    One warning, not one per model, where nothing has been loaded yet; none where no
    model is built that reads the load's tables: with --defer it may read production's.
-#}
{% macro warn_if_staging_is_empty() %}
    {% set readers = ['model.sparkify.stg_events', 'model.sparkify.stg_songs'] %}
    {% if execute and flags.WHICH in ['build', 'run']
        and readers | select('in', selected_resources) | list %}
        {% set found = run_query(
            'select 1 from ' ~ whole_source('loaded_files') ~ ' limit 1'
        ) %}
        {% if found.rows | length == 0 %}
            {% do exceptions.warn(
                'nothing is loaded yet, so every mart will be empty:'
                ~ ' load with `python scripts/warehouse.py load`'
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}


{#- A source by its name alone: with --empty, source() is a query without rows. -#}
{% macro whole_source(name) %}
    {% set found = source('sparkify', name) %}
    {{ return(api.Relation.create(
        database=found.database, schema=found.schema, identifier=found.identifier
    )) }}
{% endmacro %}
