{#-
    A text as people wrote it: double encoding undone, \x18 and \x19 back to the
    apostrophes that they stand for, no blanks around it, null instead of nothing.
-#}
{% macro clean_text(text) -%}
    nullif(trim(translate({{ repair_text(text) }}, chr(24) || chr(25), '''''')), '')
{%- endmacro %}


{#-
    The logs hold names whose UTF-8 was read as Latin-1 twice (`CafÃ\x83Â©` for `Café`).
    Undone only where it works twice, so that a text that merely holds an `Ã` stays.
-#}
{% macro repair_text(text) -%}
    {{ adapter.dispatch('repair_text')(text) }}
{%- endmacro %}


{% macro default__repair_text(text) -%}
    {% do exceptions.raise_compiler_error(
        'repair_text is not written for ' ~ target.type ~ '; add its half to this file'
    ) %}
{%- endmacro %}


{% macro duckdb__repair_text(text) -%}
    case
        when {{ text }} like '%Ã%' or {{ text }} like '%Â%' then coalesce(
            {{ duckdb__undo_latin1(duckdb__undo_latin1(text)) }},
            {{ text }}
        )
        else {{ text }}
    end
{%- endmacro %}


{#-
    One wrong reading undone, or null: each character up to U+00FF becomes the byte of
    its number, and the bytes are read as UTF-8. In hexadecimal, bytes parted by blanks:
    U+0080 to U+00BF are `C2 80` to `C2 BF`, U+00C0 to U+00FF are `C3 80` to `C3 BF`;
    a byte is done when it starts in lower case.
-#}
{% macro duckdb__undo_latin1(text) -%}
    {%- set bytes = namespace(
        sql="regexp_replace(hex(encode(" ~ text ~ ")), '(..)', '\\1 ', 'g')"
    ) -%}
    {%- for seen, meant in [
        ('C2 ([89AB].)', '\\1'),
        ('C3 8(.)', 'c\\1'),
        ('C3 9(.)', 'd\\1'),
        ('C3 A(.)', 'e\\1'),
        ('C3 B(.)', 'f\\1'),
    ] -%}
        {%- set bytes.sql =
            "regexp_replace(" ~ bytes.sql ~ ", '" ~ seen ~ "', '" ~ meant ~ "', 'g')" -%}
    {%- endfor -%}
    case
        when regexp_full_match({{ text }}, '[\x{0}-\x{ff}]*')
            then try(decode(unhex(replace({{ bytes.sql }}, ' ', ''))))
    end
{%- endmacro %}
