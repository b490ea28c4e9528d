{#- The length of a text in bytes of UTF-8. -#}
{% macro byte_length(text) -%}
    {{ adapter.dispatch('byte_length')(text) }}
{%- endmacro %}


{% macro duckdb__byte_length(text) -%}
    strlen({{ text }})
{%- endmacro %}


{% macro redshift__byte_length(text) -%}
    octet_length({{ text }})
{%- endmacro %}
