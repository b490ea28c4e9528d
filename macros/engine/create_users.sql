{#-
    Run once, as the administrator: a user who builds and one who reads. Neither has a
    password, so both sign in through IAM. The builder owns both schemas and what is in
    them; the reader may read all of it, also what is made later. Serverless knows its
    users by their names in IAM: `IAMR:` and a role, or `IAM:` and a user.
-#}
{% macro create_users(builder='sparkify_builder', reader='sparkify_reader') %}
    {% if target.type != 'redshift' %}
        {% do exceptions.raise_compiler_error(
            'create_users is for Redshift, pass --target redshift;'
            ~ ' who can open a DuckDB file can read and change it all'
        ) %}
    {% endif %}
    {% set names = [builder, reader] %}
    {% set builder = quoted_name('builder', builder) %}
    {% set reader = quoted_name('reader', reader) %}
    {% set users = run_query(
        'select usename::varchar as user_name from pg_user'
    ).columns[0].values() | list %}
    {% set marts = api.Relation.create(schema=target.schema) %}
    {% set staging = source('sparkify', 'loaded_files').include(database=false) %}
    {% set relations = run_query(
        'select * from ('
        ~ 'select schemaname::varchar as schema_name, tablename::varchar as name'
        ~ ' from pg_tables union all'
        ~ ' select schemaname::varchar, viewname::varchar from pg_views) as relations'
        ~ " where schema_name in ('" ~ marts.schema ~ "', '" ~ staging.schema ~ "')"
    ).rows %}
    {% call statement('create_users') %}
        {%- for user in names if user not in users %}
        create user {{ adapter.quote(user) }} password disable;
        {%- endfor %}
        {%- for relation in [marts, staging] %}
        {%- set schema = adapter.quote(relation.schema) %}
        create schema if not exists {{ schema }};
        alter schema {{ schema }} owner to {{ builder }};
        grant usage on schema {{ schema }} to {{ reader }};
        grant select on all tables in schema {{ schema }} to {{ reader }};
        alter default privileges for user {{ builder }} in schema {{ schema }}
        grant select on tables to {{ reader }};
        {%- endfor %}
        {%- for row in relations %}
        alter table {{ adapter.quote(row['schema_name']) }}.{{ adapter.quote(row['name']) }}
        owner to {{ builder }};
        {%- endfor %}
    {% endcall %}
    {% do adapter.commit() %}
    {% do log(
        'from now on connect as ' ~ names[0] ~ ': '
        ~ ('assume this role' if ':' in names[0] else 'export REDSHIFT_USER=' ~ names[0]),
        info=true
    ) %}
{% endmacro %}


{#- The name of a user or group, in quotes: the names that IAM gives need them. -#}
{% macro quoted_name(what, name) %}
    {% if not modules.re.fullmatch('(IAMR?:)?[A-Za-z0-9+=,.@_-]{1,127}', name) %}
        {% do exceptions.raise_compiler_error(
            what ~ ' is not a valid name of a user or group: ' ~ name
        ) %}
    {% endif %}
    {{ return(adapter.quote(name)) }}
{% endmacro %}
