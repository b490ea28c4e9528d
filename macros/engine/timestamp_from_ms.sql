{#- Epoch milliseconds as a timestamp in UTC without zone; the milliseconds stay. -#}
{% macro timestamp_from_ms(milliseconds) -%}
    {{ adapter.dispatch('timestamp_from_ms')(milliseconds) }}
{%- endmacro %}


{% macro duckdb__timestamp_from_ms(milliseconds) -%}
    epoch_ms(cast({{ milliseconds }} as bigint))
{%- endmacro %}


{#- Divide by a decimal: a whole number would drop the milliseconds. -#}
{% macro redshift__timestamp_from_ms(milliseconds) -%}
    timestamp 'epoch' + ({{ milliseconds }} / 1000.0) * interval '1 second'
{%- endmacro %}
