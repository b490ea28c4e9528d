{#- The load's SQL side; macros/_macros.yml says what each argument is. -#}
{% macro load_staging(plan=none, max_errors=0, reload=false) %}
    {% if not plan %}
        {% do exceptions.raise_compiler_error(
            'scripts/warehouse.py calls load_staging with a plan; to load, type'
            ~ ' `python scripts/warehouse.py load --target ' ~ target.name
            ~ ' --events FOLDER --songs FOLDER`'
        ) %}
    {% elif execute %}
        {% do create_staging_tables() %}
        {% do adapter.dispatch('load_staging')(plan, max_errors | int, reload) %}
    {% endif %}
{% endmacro %}


{#- Stop the load if load_rejects holds more lines than are allowed. -#}
{% macro refuse_bad_lines(max_errors) %}
    {% set rejects = run_query(
        'select path, line, reason, count(*) over () as row_count from load_rejects'
        ~ ' order by path, line limit 1'
    ).rows %}
    {% if rejects and rejects[0]['row_count'] > max_errors %}
        {% set first = rejects[0] %}
        {% do exceptions.raise_compiler_error(
            first['path'] ~ ', line ' ~ first['line'] ~ ': ' ~ first['reason']
            ~ '; ' ~ first['row_count'] ~ ' bad line(s) in all, '
            ~ max_errors ~ ' allowed, nothing was loaded: fix the file, or'
            ~ ' pass --max-errors to set bad lines aside'
        ) %}
    {% endif %}
{% endmacro %}


{#- A text from outside as a literal: quotes in it stay text. -#}
{% macro sql_text(text) -%}
    '{{ text | string | replace("'", "''") }}'
{%- endmacro %}
