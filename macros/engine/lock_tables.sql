{#-
    A statement that locks tables until the transaction ends; empty where none is needed.
    It must be the transaction's first: the snapshot begins with the first look.
-#}
{% macro lock_tables(relations) -%}
    {{ adapter.dispatch('lock_tables')(relations) }}
{%- endmacro %}


{#- One process has the whole file. -#}
{% macro duckdb__lock_tables(relations) -%}
{%- endmacro %}


{% macro redshift__lock_tables(relations) -%}
    lock {% for relation in relations -%}
        {{ relation.include(database=false).render() }}{{ ', ' if not loop.last }}
    {%- endfor %};
{%- endmacro %}
