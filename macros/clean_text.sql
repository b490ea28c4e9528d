{#-
    A text as people wrote it: double encoding repaired, \x18 and \x19 replaced by the
    apostrophes that they stand for, no blanks around it, null if nothing is left. The
    trim names the blank, because engines differ in what else a bare trim removes.
-#}
{% macro clean_text(text) -%}
    {#- Few texts need repair, and the test is far cheaper. None of them ends up empty. -#}
    case
        when {{ text }} like '%Â%' or {{ text }} like '%Ã%'
            or {{ text }} like '%' || chr(24) || '%'
            or {{ text }} like '%' || chr(25) || '%'
            then trim(both ' ' from replace(
                replace({{ repair_text(text) }}, chr(24), ''''), chr(25), ''''
            ))
        else {{ blank_to_null(text) }}
    end
{%- endmacro %}


{#- A text as it came but for blanks at its end; empty for null. -#}
{% macro without_trailing_blanks(text) -%}
    case
        when {{ text }} like '% ' then rtrim({{ text }}, ' ')
        else coalesce({{ text }}, '')
    end
{%- endmacro %}


{#- A text without blanks around it, null if nothing is left. -#}
{% macro blank_to_null(text) -%}
    case
        when {{ text }} like ' %' or {{ text }} like '% '
            then nullif(trim(both ' ' from {{ text }}), '')
        else nullif({{ text }}, '')
    end
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
