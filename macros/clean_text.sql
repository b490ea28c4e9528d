{#-
    A text as people wrote it: double encoding repaired, \x18 and \x19 replaced by the
    apostrophes that they stand for, no white space around it, null if nothing is left.
-#}
{% macro clean_text(text) -%}
    nullif(case
        when {{ may_need_trimming(text) }}
            or {{ text }} like '%' || chr(24) || '%'
            or {{ text }} like '%' || chr(25) || '%'
            then trim(both {{ white_space() }} from replace(
                replace({{ repair_text(text) }}, chr(24), ''''), chr(25), ''''
            ))
        else {{ text }}
    end, '')
{%- endmacro %}


{#- A text as it came but for blanks at its end; empty for null. -#}
{% macro without_trailing_blanks(text) -%}
    case
        when {{ text }} like '% ' then rtrim({{ text }}, ' ')
        else coalesce({{ text }}, '')
    end
{%- endmacro %}


{#- A text without white space around it, null if nothing is left. -#}
{% macro blank_to_null(text) -%}
    nullif({{ trimmed(text) }}, '')
{%- endmacro %}


{#- A text without white space around it. -#}
{% macro trimmed(text) -%}
    case
        when {{ may_need_trimming(text) }} then trim(both {{ white_space() }} from {{ text }})
        else {{ text }}
    end
{%- endmacro %}


{#-
    Few texts have white space around them or are in two encodings, and this test is far
    cheaper than the work: a first character up to the blank, a last one of ASCII's white
    space, or any character beyond ASCII.
-#}
{% macro may_need_trimming(text) -%}
    {{ text }} < '!' or {{ text }} like '% '
            or {{ byte_length(text) }} <> length({{ text }})
            {%- for code in range(9, 14) %}
            or {{ text }} like '%' || chr({{ code }})
            {%- endfor %}
{%- endmacro %}


{#- Unicode's white space. A bare trim removes other characters on each engine. -#}
{% macro white_space() -%}
    {%- set characters = namespace(text='') -%}
    {%- for code in [133, 160, 5760, 8232, 8233, 8239, 8287, 12288] + range(8192, 8203) | list -%}
        {%- set characters.text = characters.text ~ '%c' | format(code) -%}
    {%- endfor -%}
    {%- for code in range(9, 14) %}chr({{ code }}) || {% endfor -%}
    chr(32) || '{{ characters.text }}'
{%- endmacro %}


{#-
    Some names in the logs are UTF-8 that was read as Latin-1 twice. Each byte from 80 up
    became two characters: `Â` and the byte's own up to BF, `Ã` and the one 40 below from
    C0 on (`CafÃ\x83Â©` for `Café`). The text is repaired only if all its non-ASCII
    characters are such pairs and the result is UTF-8. So a correct `SÃO` stays.

    The repair works on hexadecimal digits. `Â` and `Ã` become U+E000 and U+E001 first,
    so that no pair is seen where the bytes of two other characters meet. Bytes from C0
    on are written in upper case, which marks them as done.
-#}
{% macro repair_text(text) -%}
    {%- set marked = namespace(sql=text) -%}
    {%- for letter, mark in [('Â', 57344), ('Ã', 57345)] -%}
        {%- set marked.sql =
            "replace(" ~ marked.sql ~ ", '" ~ letter ~ "', '" ~ '%c' | format(mark) ~ "')" -%}
    {%- endfor -%}
    {%- set coded = hex_of_text(marked.sql) -%}
    {%- set bytes = namespace(sql="replace(" ~ coded ~ ", 'ee8080c2', '')") -%}
    {%- for low, high in [('8', 'C'), ('9', 'D'), ('a', 'E'), ('b', 'F')] -%}
        {%- set bytes.sql =
            "replace(" ~ bytes.sql ~ ", 'ee8081c2" ~ low ~ "', '" ~ high ~ "')" -%}
    {%- endfor -%}
    case
        when {{ text }} not like '%Â%' and {{ text }} not like '%Ã%' then {{ text }}
        when {{ coded }} ~ '{{ utf8_read_twice() }}' then {{ text_of_hex(bytes.sql) }}
        else {{ text }}
    end
{%- endmacro %}


{#- A pattern of valid UTF-8 in hexadecimal, of which each byte from 80 up is a pair. -#}
{% macro utf8_read_twice() -%}
    {%- set up_to_bf, from_c0 = 'ee8080c2', 'ee8081c2' -%}
    {%- set more = up_to_bf ~ '[89ab].' -%}
    ^(
    {{- [
        '[0-7].',
        from_c0 ~ '(8[2-9a-f]|9.)' ~ more,
        from_c0 ~ 'a0' ~ up_to_bf ~ '[ab].' ~ more,
        from_c0 ~ 'a[1-9abcef]' ~ more ~ more,
        from_c0 ~ 'ad' ~ up_to_bf ~ '[89].' ~ more,
        from_c0 ~ 'b0' ~ up_to_bf ~ '[9ab].' ~ more ~ more,
        from_c0 ~ 'b[1-3]' ~ more ~ more ~ more,
        from_c0 ~ 'b4' ~ up_to_bf ~ '8.' ~ more ~ more,
    ] | join('|') -}}
    )*$
{%- endmacro %}
