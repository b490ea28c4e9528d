{#-
    A document's values as texts, or `typed`, for one that is known to hold values of the
    right kind; null where it is not JSON.
-#}
{% macro duckdb__fields(columns, typed=false) -%}
    try(json_transform(
        document,
        '{
            {%- for column in columns -%}
            "{{ column.key }}":"
            {{- 'VARCHAR' if column.width or not typed else column.type -}}
            "{{ "," if not loop.last }}
            {%- endfor -%}
        }'
    ))
{%- endmacro %}


{#- The columns of staging, from those texts. -#}
{% macro duckdb__typed(columns, fields='fields') -%}
    {% for column in columns %}
    {% set value = fields ~ '."' ~ column.key ~ '"' %}
    {% if column.width and not column.choice -%}
    {{ value }}
    {%- else -%}
    try_cast(nullif({{ value }}, '') as {{ column.type }})
    {%- endif %} as {{ column.name }}{{ "," if not loop.last }}
    {% endfor %}
{%- endmacro %}


{#- Whether a row of staging holds what its document's pattern does not exclude. -#}
{% macro duckdb__out_of_range(columns) -%}
    {%- for column in columns -%}
    {%- if column.width and column.width < 1024 and not column.choice -%}
    strlen({{ column.name }}) > {{ column.width }} or {{ '' }}
    {%- elif column.key == 'ts' -%}
    ts > epoch_ms(now()) + 86400000 or {{ '' }}
    {%- elif column.range -%}
    {{ column.name }} not between {{ column.range | join(' and ') }} or {{ '' }}
    {%- endif -%}
    {%- endfor -%}
    false
{%- endmacro %}


{#- The columns of a source, each with the text that the document has for it. -#}
{% macro duckdb__values(source) %}
    {% set columns = staging_columns(source) %}
    {% for column in columns %}
        {% do column.update({'value': 'fields."' ~ column.key ~ '"'}) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}


{#-
    What a plain document looks like: an object as RFC 8259 has it, with exactly our keys
    in our order, each once, and with values of the right kind; a number may stand for a
    text. Half a surrogate pair and \u0000 do not match.
-#}
{% macro duckdb__plain_pattern(columns) %}
    {% set character -%}
        (?:[^"\\\x00-\x1f]|\\["\\/bfnrt]|\\u(?:
        {{- '000[1-9a-fA-F]|00[1-9a-fA-F][0-9a-fA-F]|0[1-9a-fA-F][0-9a-fA-F]{2}' -}}
        |[1-9a-cA-CefEF][0-9a-fA-F]{3}|[dD][0-7][0-9a-fA-F]{2}))
    {%- endset %}
    {% set number = '-?(?:0|[1-9][0-9]{0,17})(?:[.][0-9]{1,20})?' %}
    {% set patterns = [] %}
    {% for column in columns %}
        {% set value -%}
            {% if column.choice -%}
            "(?:{{ column.choice | join('|') }})"
            {%- elif column.width -%}
            (?:"{{ character }}{{ '+' if column.required else '*' }}"|{{ number }})
            {%- elif column.key == 'ts' -%}
            [1-9][0-9]{12}
            {%- elif column.type == 'bigint' -%}
            -?(?:0|[1-9][0-9]{0,17})
            {%- else -%}
            {{ number }}
            {%- endif %}
        {%- endset %}
        {% do patterns.append(
            '"' ~ column.key ~ '": ?'
            ~ (value if column.required else '(?:null|' ~ value ~ ')')
        ) %}
    {% endfor %}
    {{ return('[{]' ~ patterns | join(', ?') ~ '[}]') }}
{% endmacro %}


{#- Why a document is refused, in words for a person; null when it is good. -#}
{% macro duckdb__reason(columns) %}
    case
        when fault is not null then fault
        when strlen(document) > 4194304
            then 'longer than 4 MB'
        when not json_valid(document)
            then 'not valid JSON: malformed or cut off'
        when {{ duckdb__is_lenient('document') }}
            then 'not valid JSON: NaN, Infinity or a comma too many'
        when json_type(document) <> 'OBJECT'
            then 'not a JSON object but ' || lower(json_type(document))
        when not list_unique(json_keys(document)) = len(json_keys(document))
            or list_contains(getvariable('load_repeated'), document)
            then 'a key stands twice in one object'
        when contains(document, '\u0000')
            and regexp_matches(document, '(^|[^\\])(\\\\)*\\u0000')
            then 'a text holds a NUL character'
        {% for column in columns %}
        {% set value = column.value %}
        {% if column.required %}
        when coalesce({{ value }}, '') = ''
            then 'required key {{ column.key }} is missing or empty'
        {% endif %}
        {% if column.choice %}
        when {{ value }} not in ('', '{{ column.choice | join("', '") }}')
            then '{{ column.key }} must be {{ column.choice | join(" or ") }}: '
                || left({{ value }}, 40)
        {% elif column.width %}
        when strlen({{ value }}) > {{ column.width }}
            then '{{ column.key }} is longer than {{ column.width }} bytes'
        when (starts_with({{ value }}, '{') or starts_with({{ value }}, '['))
            and json_type(document, '$.{{ column.key }}') in ('OBJECT', 'ARRAY')
            then '{{ column.key }} holds a nested value, not a text'
        {% elif column.key == 'ts' %}
        when not regexp_full_match({{ value }}, '[1-9][0-9]{12}')
            or try_cast({{ value }} as bigint) > epoch_ms(now()) + 86400000
            then 'ts is no time in epoch milliseconds between 2001 and tomorrow: '
                || left({{ value }}, 40)
        {% elif column.type == 'bigint' %}
        when not regexp_full_match({{ value }}, '(-?[0-9]{1,18})?')
            then '{{ column.key }} is not a whole number: ' || left({{ value }}, 40)
        {% else %}
        when not regexp_full_match(
            {{ value }}, '(-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?)?'
        )
            then '{{ column.key }} is not a number: ' || left({{ value }}, 40)
        {% endif %}
        {% if column.range %}
        when {{ value }} <> '' and not coalesce(
            try_cast({{ value }} as double) between {{ column.range | join(' and ') }},
            false
        )
            then '{{ column.key }} must be from {{ column.range | join(" to ") }}: '
                || left({{ value }}, 40)
        {% endif %}
        {% endfor %}
    end
{% endmacro %}


{#- What DuckDB takes for JSON and RFC 8259 does not; looked for outside of texts. -#}
{% macro duckdb__is_lenient(document) %}
    regexp_matches(
        regexp_replace({{ document }}, '"(?:[^"\\]|\\.)*"', '""', 'g'),
        ',[ \t\r\n]*[\]}]|(?i:nan|inf)'
    )
{% endmacro %}
