{#- The load's SQL side; macros/_macros.yml says what each argument is. -#}
{% macro load_staging(plan=none, events=none, songs=none, max_errors=0, reload=false) %}
    {% if execute %}
        {% do create_staging_tables() %}
        {% do adapter.dispatch('load_staging')(
            plan, events, songs, max_errors | int, reload
        ) %}
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
