{#-
    A binary fraction as decimal(precision, 5), rounded to the nearest. It goes through a
    whole number, because some engines round a fraction in a cast and others cut it.
-#}
{% macro to_decimal(number, precision) -%}
    cast(
        cast(round({{ number }} * 100000) as bigint) * cast(0.00001 as decimal(6, 5))
        as decimal({{ precision }}, 5)
    )
{%- endmacro %}
