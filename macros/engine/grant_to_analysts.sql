{#- Let a group read the marts that exist and every one that will be made. -#}
{% macro grant_to_analysts(group) %}
    {% do adapter.dispatch('grant_to_analysts')(group) %}
{% endmacro %}


{#- Who can open the file can read it all. -#}
{% macro duckdb__grant_to_analysts(group) %}
{% endmacro %}


{#-
    A table gets the default privileges when it is created. So a reader who is refused
    nothing before a run is refused nothing during it, or after a kill.
-#}
{% macro redshift__grant_to_analysts(group) %}
    {% set readers = quoted_name('analyst_group', group) %}
    {#- dbt has made the schema if this command builds into it. -#}
    {% if not adapter.check_schema_exists(target.database, target.schema) %}
        {{ return('') }}
    {% endif %}
    {% set schema = api.Relation.create(schema=target.schema).render() %}
    {% call statement('grant_to_analysts') %}
        grant usage on schema {{ schema }} to group {{ readers }};
        grant select on all tables in schema {{ schema }} to group {{ readers }};
        alter default privileges in schema {{ schema }}
        grant select on tables to group {{ readers }};
    {% endcall %}
    {% do adapter.commit() %}
{% endmacro %}
