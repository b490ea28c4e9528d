{#-
    A binary fraction as decimal(precision, 5). Halves are rounded away from zero, as in
    the file's own digits, if these have up to nine decimals and the number is below a
    million: such a number times a billion is nearest to the whole number that the file
    means. Only floor() and IEEE arithmetic, because each engine has its own round() and
    its own cast.
-#}
{% macro to_decimal(number, precision) -%}
    cast(
        cast(
            sign({{ number }}) * floor(
                (floor(abs({{ number }}) * 1000000000 + 0.5) + 5000) / 10000.0
            ) as bigint
        ) * cast(0.00001 as decimal(6, 5))
        as decimal({{ precision }}, 5)
    )
{%- endmacro %}
