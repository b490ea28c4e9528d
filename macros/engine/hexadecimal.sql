{#- The bytes of a text in UTF-8, in lower-case hexadecimal. -#}
{% macro hex_of_text(text) -%}
    {{ adapter.dispatch('hex_of_text')(text) }}
{%- endmacro %}


{% macro duckdb__hex_of_text(text) -%}
    lower(hex(encode({{ text }})))
{%- endmacro %}


{% macro redshift__hex_of_text(text) -%}
    to_hex(to_varbyte({{ text }}, 'utf8'))
{%- endmacro %}


{#- The text of bytes that are valid UTF-8, in hexadecimal. -#}
{% macro text_of_hex(digits) -%}
    {{ adapter.dispatch('text_of_hex')(digits) }}
{%- endmacro %}


{% macro duckdb__text_of_hex(digits) -%}
    decode(unhex({{ digits }}))
{%- endmacro %}


{% macro redshift__text_of_hex(digits) -%}
    from_varbyte(from_hex({{ digits }}), 'utf8')
{%- endmacro %}


{#- Up to fifteen hexadecimal digits as a number. -#}
{% macro hex_to_bigint(digits) -%}
    {{ adapter.dispatch('hex_to_bigint')(digits) }}
{%- endmacro %}


{% macro duckdb__hex_to_bigint(digits) -%}
    cast('0x' || {{ digits }} as bigint)
{%- endmacro %}


{% macro redshift__hex_to_bigint(digits) -%}
    strtol({{ digits }}, 16)
{%- endmacro %}
