{#-
    A document's values as texts, or `typed`, for one that is plain: null where it is not
    JSON, and a typed one where a key is missing or stands twice.
-#}
{% macro duckdb__fields(columns, typed=false) -%}
    try(json_transform{{ '_strict' if typed }}(
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
    {% if column.is_trimmed -%}
    {{ trimmed(value) }}
    {%- elif column.width and not column.choice -%}
    {{ value }}
    {%- else -%}
    try_cast(nullif({{ value }}, '') as {{ column.type }})
    {%- endif %} as {{ column.name }}{{ "," if not loop.last }}
    {% endfor %}
{%- endmacro %}


{#- Whether a row of staging holds what a plain document's pattern does not exclude. -#}
{% macro duckdb__out_of_range(columns) -%}
    {%- for column in columns -%}
    {%- if column.required and column.width and not column.is_trimmed -%}
    {{ trimmed(column.name) }} = '' or {{ '' }}
    {%- endif -%}
    {%- if column.is_id -%}
    (contains({{ column.name }}, '.') and {{ duckdb__is_fraction(column.name) }}) or {{ '' }}
    {%- endif -%}
    {%- if column.width and column.width < 1024 and not column.choice -%}
    strlen({{ column.name }}) > {{ column.width }} or {{ '' }}
    {%- elif column.range -%}
    {{ column.name }} not between {{ column.range | join(' and ') }} or {{ '' }}
    {%- endif -%}
    {%- endfor -%}
    false
{%- endmacro %}


{#-
    What a plain document looks like: only our keys, and values of the right kind; a number
    may stand for a text. It leaves to DuckDB to see that it is JSON, and keeps out what
    DuckDB takes and RFC 8259 or the marts do not: NaN, a comma before the end, \u0000.
-#}
{% macro duckdb__plain_pattern(columns) %}
    {% set character = '(?:[^"\\\\]|\\\\[^u]|\\\\u(?:[^0]|0[^0]|00[^0]|000[^0]))' %}
    {#- What identifies a row has no white space around it, nor an escaped one. -#}
    {% set visible = '[^"\\\\\\pZ\\p{Cc}]' %}
    {#- Keys of one kind stand together: RE2 is twice as fast with so few states. -#}
    {% set keys = {} %}
    {% for column in columns %}
        {% set value -%}
            {% if column.choice -%}
            "(?:{{ column.choice | join('|') }})"
            {%- elif column.is_trimmed -%}
            "{{ visible }}(?:[^"\\]*{{ visible }})?"|
            {{- duckdb__number_for_text(column) }}
            {%- elif column.width -%}
            "{{ character }}*"|{{ duckdb__number_for_text(column) }}
            {%- elif column.type == 'bigint' -%}
            -?[0-9]{1,18}
            {%- else -%}
            -?[0-9]+(?:[.][0-9]+)?
            {%- endif %}
        {%- endset %}
        {% do keys.setdefault(
            value ~ ('' if column.required else '|null'), []
        ).append(column.key) %}
    {% endfor %}
    {% set members = [] %}
    {% for value in keys %}
        {% do members.append(
            '"(?:' ~ keys[value] | join('|') ~ ')" ?: ?(?:' ~ value ~ ')'
        ) %}
    {% endfor %}
    {{ return('(?:[{,] ?(?:' ~ members | join('|') ~ ') ?)+[}]') }}
{% endmacro %}


{#-
    A number in place of a text that DuckDB keeps as it is in the file, as `311` or `4.6`;
    it makes 4.6 of 4.60 and 100000.0 of 1e5. In an id only a whole one: 39.0 would be
    another user than 39.
-#}
{% macro duckdb__number_for_text(column) -%}
    0|-?[1-9][0-9]{0,17}
    {{- '' if column.is_id else '|-?(?:0|[1-9][0-9]{0,8})[.][0-9]{0,3}[1-9]' }}
{%- endmacro %}


{% macro duckdb__is_fraction(text) -%}
    regexp_full_match({{ text }}, '-?[0-9]+[.][0-9]+')
{%- endmacro %}


{#-
    A row of staging for each plain document. Where a value is out of its range, or a key
    is missing or stands twice, the first required text is empty.
-#}
{% macro duckdb__plain_rows(columns, documents) %}
    {% set mark = duckdb__mark(columns) %}
    select
        {% for column in columns %}
        {% if column.name == mark %}
        case
            when {{ duckdb__out_of_range(columns) }} then ''
            else coalesce({{ column.name }}, '')
        end
        {%- elif column.required %}
        coalesce({{ column.name }}, {{ "''" if column.width else 0 }})
        {%- else %}
        {{ column.name }}
        {%- endif %} as {{ column.name }}{{ "," if not loop.last }}
        {% endfor %}
    from (
        select
            {% for column in columns %}
            fields."{{ column.key }}" as {{ column.name }}{{ "," if not loop.last }}
            {% endfor %}
        from (
            select {{ duckdb__fields(columns, typed=true) }} as fields
            from ({{ documents }}) as documents
            where fault is null and strlen(document) <= 1024 and regexp_full_match(
                document, {{ sql_text(duckdb__plain_pattern(columns)) }}
            )
        ) as parsed
    ) as plain
{% endmacro %}


{#- The column that is empty in a row that is not plain. -#}
{% macro duckdb__mark(columns) -%}
    {{ columns | selectattr('required') | selectattr('width')
        | map(attribute='name') | first }}
{%- endmacro %}


{#-
    Why a document is refused, in words for a person; null when it is good. DuckDB's JSON
    has NaN, Infinity and a comma before the end, which count outside of texts only.
-#}
{% macro duckdb__reason(columns) %}
    case
        when fault is not null then fault
        when strlen(document) > 4194304
            then 'longer than 4 MB'
        when not json_valid(document) or regexp_matches(
            regexp_replace(document, '"(?:[^"\\]|\\.)*"', '""', 'g'),
            ',[ \t\r\n]*[\]}]|(?i:nan|inf)'
        )
            then 'not valid JSON (RFC 8259)'
        when json_type(document) <> 'OBJECT'
            then 'not a JSON object but ' || lower(json_type(document))
        when list_unique(json_keys(document)) < len(json_keys(document))
            then 'a key stands twice in one object'
        when contains(document, '\u0000')
            and regexp_matches(document, '(^|[^\\])(\\\\)*\\u0000')
            then 'a text holds a NUL character'
        {% for column in columns %}
        {% set value = 'fields."' ~ column.key ~ '"' %}
        {% if column.required %}
        when coalesce({{ trimmed(value) if column.width else value }}, '') = ''
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
        when {{ duckdb__is_fraction(value) ~ ' or ' if column.is_id -}}
            json_type(document, '$.{{ column.key }}')
                in ('BIGINT', 'UBIGINT', 'HUGEINT', 'DOUBLE')
            and not regexp_matches(
                document,
                '"{{ column.key }}"[ \t\r\n]*:[ \t\r\n]*(?:'
                    '{{ duckdb__number_for_text(column) }})[ \t\r\n]*[,}]'
            )
            then '{{ column.key }} must be a text
                {{- " or a whole number" if column.is_id else " in quotes" }}: '
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
            then '{{ column.key }} must be {{ column.range_words }}: '
                || left({{ value }}, 40)
        {% endif %}
        {% endfor %}
    end
{% endmacro %}
