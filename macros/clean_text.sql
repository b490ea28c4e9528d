{#-
    A text as people wrote it: double encoding undone, \x18 and \x19 back to the
    apostrophes that they stand for, no blanks around it, null instead of nothing.
    The blanks are named, since DuckDB's plain trim takes no-break spaces away too and
    Redshift's does not.
-#}
{% macro clean_text(text) -%}
    nullif(trim(both ' ' from translate(
        {{ repair_text(text) }}, chr(24) || chr(25), ''''''
    )), '')
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
    One wrong reading undone, or null: each character up to U+00FF is the byte of its
    number, and the bytes are read as UTF-8.
-#}
{% macro duckdb__undo_latin1(text) -%}
    try(decode(unhex(array_to_string(list_transform(
        string_split({{ text }}, ''),
        c -> case when ord(c) < 256 then printf('%02x', ord(c)) else 'no byte' end
    ), ''))))
{%- endmacro %}
