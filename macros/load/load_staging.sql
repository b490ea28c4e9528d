{#- The load's SQL side; macros/_macros.yml says what each argument is. -#}
{% macro load_staging(plan=none, events=none, songs=none, max_errors=0, reload=false) %}
    {% if execute %}
        {% do create_staging_tables() %}
        {% if not plan %}
            {% set newest = run_query(
                'select coalesce(max(load_id), 0) from '
                ~ source('sparkify', 'loaded_files')
            ).rows[0][0] %}
            {% if target.type == 'duckdb' %}
                {% do require_files('events', events) %}
                {% do require_files('songs', songs) %}
            {% endif %}
        {% endif %}
        {% do adapter.dispatch('load_staging')(
            plan, events, songs, max_errors | int, reload
        ) %}
        {% if not plan %}
            {% set loaded = run_query(loaded_since(newest)).rows[0] %}
            {% do log(
                'loaded ' ~ loaded['files'] ~ ' files: ' ~ loaded['rows_loaded']
                ~ ' rows, ' ~ loaded['rows_rejected'] ~ ' rejected',
                info=true
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}


{#- By hand a folder without a match must not look like a load, nor reload nothing. -#}
{% macro require_files(kind, folder) %}
    {% if folder %}
        {% set found = run_query(
            'select count(*) from glob(' ~ sql_text(folder ~ '/**/*.json') ~ ')'
        ) %}
        {% if found.rows[0][0] == 0 %}
            {% do exceptions.raise_compiler_error(
                kind ~ ': no *.json file under ' ~ folder
                ~ '; nothing was loaded, check the folder'
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}


{#- Stop the load if load_rejects holds more lines than are allowed. -#}
{% macro refuse_bad_lines(max_errors) %}
    {% set rejects = run_query(
        'select path, line, reason from load_rejects'
        ~ ' order by path, line'
    ) %}
    {% if rejects.rows | length > max_errors %}
        {% set first = rejects.rows[0] %}
        {% do exceptions.raise_compiler_error(
            first['path'] ~ ', line ' ~ first['line'] ~ ': ' ~ first['reason']
            ~ '; ' ~ rejects.rows | length ~ ' bad line(s) in all, '
            ~ max_errors ~ ' allowed, nothing was loaded: fix the file, or'
            ~ ' pass --max-errors to set bad lines aside'
        ) %}
    {% endif %}
{% endmacro %}


{#- A text from outside as a literal: quotes in it stay text. -#}
{% macro sql_text(text) -%}
    '{{ text | string | replace("'", "''") }}'
{%- endmacro %}
