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
            then trim(both ' ' from translate(
                {{ repair_text(text) }}, chr(24) || chr(25), ''''''
            ))
        else {{ blank_to_null(text) }}
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
    {%- set marks = '%c%c' | format(57344, 57345) -%}
    {%- set coded = hex_of_text("translate(" ~ text ~ ", 'ÂÃ', '" ~ marks ~ "')") -%}
    {%- set bytes = namespace(sql="replace(" ~ coded ~ ", 'ee8080c2', '')") -%}
    {%- for low, high in [('8', 'C'), ('9', 'D'), ('a', 'E'), ('b', 'F')] -%}
        {%- set bytes.sql =
            "replace(" ~ bytes.sql ~ ", 'ee8081c2" ~ low ~ "', '" ~ high ~ "')" -%}
    {%- endfor -%}
    case
        when {{ text }} not like '%Â%' and {{ text }} not like '%Ã%' then {{ text }}
        when {{ coded }} ~ '^([0-7].|ee808[01]c2[89ab].)*$'
            and upper({{ bytes.sql }}) ~ '{{ utf8_pattern() }}'
            then {{ text_of_hex(bytes.sql) }}
        else {{ text }}
    end
{%- endmacro %}


{#- A pattern of valid UTF-8 in upper-case hexadecimal, two digits a byte. -#}
{% macro utf8_pattern() -%}
    {%- set more = '[89AB].' -%}
    ^(
    {{- [
        '[0-7].',
        'C[2-9A-F]' ~ more,
        'D.' ~ more,
        'E0[AB].' ~ more,
        'E[1-9ABCEF]' ~ more ~ more,
        'ED[89].' ~ more,
        'F0[9AB].' ~ more ~ more,
        'F[1-3]' ~ more ~ more ~ more,
        'F48.' ~ more ~ more,
    ] | join('|') -}}
    )*$
{%- endmacro %}
