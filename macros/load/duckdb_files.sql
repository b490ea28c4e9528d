{#-
    A batch's documents, with file and line. `lines` are files in place, whose lines have
    no number yet. `rows` is what warehouse.py took apart: file, line, fault or nothing,
    and text.
-#}
{% macro duckdb__documents(batch, with_file=true) %}
    {% if batch.form == 'lines' %}
    select
        {% if with_file %}
        getvariable('load_file_ids')[
            list_position(getvariable('load_paths'), filename)
        ] as file_id,
        {% endif %}
        cast(null as bigint) as line,
        cast(null as varchar) as fault,
        document
    from {{ duckdb__text_rows(
        "getvariable('load_paths')",
        "{'document': 'varchar'}",
        batch.line_bytes,
        with_file
    ) }}
    {% else %}
    select *
    from {{ duckdb__text_rows(
        "getvariable('load_paths')",
        "{'file_id': 'bigint', 'line': 'bigint', 'fault': 'varchar',"
            ~ " 'document': 'varchar'}",
        batch.line_bytes
    ) }}
    {% endif %}
{% endmacro %}


{#-
    DuckDB's CSV reader as a reader of lines: no text that it gets holds a chr(11). Its
    buffers hold sixteen lines.
-#}
{% macro duckdb__text_rows(files, columns, line_bytes, with_file=false) %}
    read_csv(
        {{ files }},
        columns = {{ columns }},
        auto_detect = false,
        header = false,
        delim = e'\x0b',
        quote = '',
        escape = '',
        strict_mode = false,
        compression = 'none',
        hive_partitioning = false,
        filename = {{ with_file }},
        max_line_size = {{ line_bytes }}
    )
{% endmacro %}


{#- Only a refused line needs its number: look for it in its file once more. -#}
{% macro duckdb__number_lines(batch) %}
    {% for row in run_query(
        'select distinct file_id from load_refused where line is null'
    ).rows %}
        {% set file = batch.files[batch.file_ids.index(row['file_id'] | int)] %}
        {% call statement('number_lines') %}
            insert into load_refused
            select distinct
                refused.file_id,
                lines.line,
                refused.reason,
                lines.document
            from (
                select
                    row_number() over () as line,
                    document
                from {{ duckdb__text_rows(
                    sql_text(file), "{'document': 'varchar'}", batch.line_bytes
                ) }}
            ) as lines
            inner join load_refused as refused
                on lines.document = refused.document
            where refused.file_id = {{ row['file_id'] }} and refused.line is null;
            delete from load_refused
            where file_id = {{ row['file_id'] }} and line is null
        {% endcall %}
    {% endfor %}
{% endmacro %}


{#-
    load_plan: all files that were read; load_counts: those with new content and their
    lines; load_rejects: the refused lines. As many documents must be loaded or refused as
    warehouse.py counted.
-#}
{% macro duckdb__count_files(plan, batches) %}
    {% call statement('count_files') %}
        create or replace temp table load_plan as
        select * from read_json(
            {{ sql_text(plan.folder ~ '/files.ndjson') }},
            format = 'newline_delimited',
            columns = {
                'file_id': 'bigint', 'kind': 'varchar', 'path': 'varchar',
                'etag': 'varchar', 'bytes': 'bigint', 'modified_ns': 'bigint',
                'documents': 'bigint', 'is_new': 'boolean', 'delivery_order': 'bigint'
            }
        );
        create or replace temp view load_rejects as
        select
            load_plan.kind,
            load_plan.path,
            load_refused.*
        from load_refused
        inner join load_plan
            on load_refused.file_id = load_plan.file_id;
        create or replace temp table load_counts as
        select
            load_plan.*,
            load_plan.documents - coalesce(refused.row_count, 0) as rows_loaded,
            coalesce(refused.row_count, 0) as rows_rejected
        from load_plan
        left join (
            select
                file_id,
                count(*) as row_count
            from load_refused
            group by file_id
        ) as refused
            on load_plan.file_id = refused.file_id
        where load_plan.is_new
    {% endcall %}
    {% for row in run_query(
        'select kind, sum(rows_loaded) as rows_loaded from load_counts group by kind'
        ~ ' order by kind'
    ).rows if row['rows_loaded'] != batches[row['kind']] | sum(attribute='row_count') %}
        {% do exceptions.raise_compiler_error(
            row['kind'] ~ ': a file changed while it was read; run again'
        ) %}
    {% endfor %}
{% endmacro %}
