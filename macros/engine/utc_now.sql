{#- The time of the statement, in UTC. -#}
{% macro utc_now() -%}
    {{ adapter.dispatch('utc_now')() }}
{%- endmacro %}


{% macro duckdb__utc_now() -%}
    cast(now() at time zone 'UTC' as timestamp)
{%- endmacro %}


{% macro redshift__utc_now() -%}
    getdate()
{%- endmacro %}
