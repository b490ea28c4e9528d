{#-
    part / whole as a decimal, halves rounded up; null if the whole is 0. It rounds a whole
    number, because engines differ in dividing whole numbers and in rounding decimals.
-#}
{% macro rounded_ratio(part, whole, places=1) -%}
    {%- set unit = '0.' ~ '0' * (places - 1) ~ '1' -%}
    cast(
        cast(floor(
            cast({{ part }} as double precision) * {{ 10 ** places }}
            / nullif({{ whole }}, 0) + 0.5
        ) as bigint) * cast({{ unit }} as decimal({{ places + 1 }}, {{ places }}))
        as decimal(18, {{ places }})
    )
{%- endmacro %}
