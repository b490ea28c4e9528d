{#-
    A text as people wrote it: double encoding undone, \x18 and \x19 back to the
    apostrophes that they stand for, no blanks around it, null instead of nothing. Blanks
    alone: a bare trim takes other white space too on some engines, and not on others.
-#}
{% macro clean_text(text) -%}
    {%- set repaired = repair_text(text) -%}
    nullif(
        trim(both ' ' from translate({{ repaired }}, chr(24) || chr(25), '''''')),
        ''
    )
{%- endmacro %}


{#-
    The logs hold names whose UTF-8 was read as Latin-1 twice, so that every byte from 80
    up came out as two characters: `Â` and the byte's own up to BF, `Ã` and the one 40
    below from C0 on (`CafÃ\x83Â©` for `Café`). Undone only where all that is not ASCII
    is such pairs, and the bytes are UTF-8: a text that rightly holds an `Ã` stays.

    In hexadecimal, and with `Â` and `Ã` as U+E000 and U+E001 first: so no pair can be
    seen where two bytes of other characters meet. A byte from C0 on is put in upper case,
    lest it should be taken for what is still to do.
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


{#- What the bytes of UTF-8 look like, two upper-case hexadecimal digits each. -#}
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
