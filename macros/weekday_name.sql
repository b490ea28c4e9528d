{#- The English name of a weekday: 0 is Sunday, as in the mart `time`. -#}
{% macro weekday_name(weekday) -%}
    case {{ weekday }}
        {%- for name in [
            'Sunday', 'Monday', 'Tuesday', 'Wednesday', 'Thursday', 'Friday', 'Saturday'
        ] %}
        when {{ loop.index0 }} then '{{ name }}'
        {%- endfor %}
    end
{%- endmacro %}
