{#-
    A binary fraction of the logs as decimal(precision, 5), nearest value. By way of a
    whole number: engines round or cut when they cast a fraction, and differ there.
-#}
{% macro to_decimal(number, precision) -%}
    cast(
        cast(round({{ number }} * 100000) as bigint) * cast(0.00001 as decimal(6, 5))
        as decimal({{ precision }}, 5)
    )
{%- endmacro %}
