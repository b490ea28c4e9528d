{#-
    part / whole with so many decimal places, halves up; null where the whole is 0. The
    rounding is done on a whole number: engines differ in how they divide whole numbers,
    and in how they round a decimal. For numbers that are not negative.
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
