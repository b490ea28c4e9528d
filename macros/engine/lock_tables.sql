{#- Locked before the first look, since that is when a transaction's snapshot begins. -#}
{% macro lock_tables(relations) -%}
    {{ adapter.dispatch('lock_tables')(relations) }}
{%- endmacro %}


{#- The whole file is this process's own. -#}
{% macro duckdb__lock_tables(relations) -%}
{%- endmacro %}


{% macro redshift__lock_tables(relations) -%}
    lock {% for relation in relations -%}
        {{ relation.include(database=false) }}{{ ', ' if not loop.last }}
    {%- endfor %};
{%- endmacro %}
