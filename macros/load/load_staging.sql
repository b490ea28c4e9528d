{#-
    The load's SQL side: read the files that the ledger does not hold yet in their very
    version, check every line, and publish rows and ledger in one transaction. Either all
    of it is there afterwards or nothing.

    plan        what scripts/warehouse.py has made ready. `files`: a file with one JSON
                object a line for each source file, with source, path, file, form, etag,
                bytes and modified_ns; form says how to read it. On DuckDB `lines` (one
                object a line), `whole` (one object) or `parts` (taken apart). On
                Redshift `plain` or `gzip`, `files` is the S3 address that the manifests
                and the JSONPaths file start with, too, and `region` and `role` are what
                COPY says
    events,     by hand on DuckDB, instead of a plan: folders whose *.json files are
      songs     loaded, events with one object a line, songs with one object a file
    max_errors  so many lines may be refused (kept in rejected_rows); one more stops the
                load with nothing published
    reload      replace all that is in staging, ledger included, by these files
-#}
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
{% macro require_files(source, folder) %}
    {% if folder %}
        {% set pattern = (folder ~ '/**/*.json') | replace("'", "''") %}
        {% set found = run_query("select count(*) from glob('" ~ pattern ~ "')") %}
        {% if found.rows[0][0] == 0 %}
            {% do exceptions.raise_compiler_error(
                source ~ ': no *.json file under ' ~ folder
                ~ '; nothing was loaded, check the folder'
            ) %}
        {% endif %}
    {% endif %}
{% endmacro %}


{#- More lines in load_rejects than are allowed end the load here, in one line. -#}
{% macro refuse_bad_lines(max_errors) %}
    {% set rejects = run_query(
        'select path, line, reason from load_rejects'
        ~ ' order by path asc nulls last, line asc nulls last'
    ) %}
    {% if rejects.rows | length > max_errors %}
        {% set first = rejects.rows[0] %}
        {% do exceptions.raise_compiler_error(
            first['path'] ~ ', line ' ~ first['line'] ~ ': ' ~ first['reason']
            ~ '; ' ~ rejects.rows | length ~ ' bad line(s) in all, '
            ~ max_errors ~ ' allowed, nothing was loaded: mend the file, or let'
            ~ ' bad lines be set aside with --max-errors'
        ) %}
    {% endif %}
{% endmacro %}
