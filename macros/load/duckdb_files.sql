{#-
    load_plan: the files as planned; load_files: those of them that are new, in the order
    in which they are loaded; load_batches: what is read at once. warehouse.py has planned
    all of it; by hand the folders' files are what there is to plan.
-#}
{% macro duckdb__plan_files(plan, events, songs, reload) %}
    {% call statement('plan_files') %}
        -- Of one key the last row stays; a profile may say that rows need no order.
        set preserve_insertion_order = true;
        create or replace temp table load_plan as
        {% if plan %}
        select * from read_json(
            {{ sql_text(plan.files) }},
            format = 'newline_delimited',
            columns = {
                'file_id': 'bigint', 'kind': 'varchar', 'path': 'varchar',
                'etag': 'varchar', 'bytes': 'bigint', 'modified_ns': 'bigint',
                'documents': 'bigint', 'is_new': 'boolean', 'place': 'bigint',
                'file': 'varchar', 'file_bytes': 'bigint', 'file_s': 'bigint'
            }
        );
        {% else %}
        {{ duckdb__found_files(events, songs, reload) }};
        {% endif %}
        create or replace temp table load_files as
        select
            *,
            sum(bytes) over (order by file_id) // 33554432 as batch
        from load_plan
        where is_new;
        create or replace temp table load_batches as
        {% if plan %}
        select * from read_json(
            {{ sql_text(plan.batches) }},
            format = 'newline_delimited',
            columns = {
                'batch': 'bigint', 'kind': 'varchar', 'form': 'varchar',
                'line_bytes': 'bigint', 'files': 'varchar[]', 'documents': 'bigint'
            }
        );
        {% else %}
        select distinct
            batch,
            kind,
            'whole' as form,
            cast(null as bigint) as documents
        from load_files;
        {% endif %}
        create or replace temp table load_rejects (
            file_id bigint, kind varchar, path varchar,
            line bigint, reason varchar, document varchar
        );
        create or replace temp table load_unknown_keys (kind varchar, key varchar)
    {% endcall %}
{% endmacro %}


{#- By hand: the files of two folders that the ledger does not have, or all for a reload. -#}
{% macro duckdb__found_files(events, songs, reload) %}
    with found as (
        {%- for kind, folder in [('events', events), ('songs', songs)] if folder %}
        {% if not loop.first %}union all{% endif %}
        select
            '{{ kind }}' as kind,
            filename as path,
            md5(content) as etag,
            size as bytes,
            {% if kind == 'events' %}
            len(list_filter(
                string_split(decode(content), chr(10)),
                lambda line: not regexp_full_match(line, '[ \t\r]*')
            )) as documents
            {% else %}
            cast(
                not regexp_full_match(decode(content), '[ \t\r\n]*') as bigint
            ) as documents
            {% endif %}
        from read_blob({{ sql_text(folder ~ '/**/*.json') }})
        {%- endfor %}
    )

    select
        row_number() over (
            order by found.kind, known.place nulls last, found.path
        ) as file_id,
        found.*,
        true as is_new,
        cast(null as bigint) as modified_ns,
        cast(null as varchar) as file,
        {{ 'coalesce(known.place, 0)' if reload else '0' }} as place
    from found
    left join ({{ known_files() }}) as known
        on found.kind = known.source
        and found.path = known.path
    where known.path is null or found.etag <> known.etag or {{ reload }}
{% endmacro %}


{#-
    A batch's documents, with file and line. `lines` are files in place, whose lines have
    no number yet. `rows` is what warehouse.py took apart: file, line, fault or nothing,
    and text. `whole` are files read by hand.
-#}
{% macro duckdb__documents(batch, with_file=true) %}
    {% if batch['form'] == 'lines' %}
    select
        {% if with_file %}load_files.file_id,{% endif %}
        cast(null as bigint) as line,
        cast(null as varchar) as fault,
        lines.document
    from {{ duckdb__text_rows(
        "getvariable('load_paths')",
        "{'document': 'varchar'}",
        batch['line_bytes'],
        with_file
    ) }} as lines
    {% if with_file %}
    left join load_files
        on lines.filename = load_files.file
    {% endif %}
    {% elif batch['form'] == 'rows' %}
    select *
    from {{ duckdb__text_rows(
        "getvariable('load_paths')",
        "{'file_id': 'bigint', 'line': 'bigint', 'fault': 'varchar',"
            ~ " 'document': 'varchar'}",
        batch['line_bytes']
    ) }}
    {% else %}
    select
        file_id,
        {% if batch['kind'] == 'events' %}
        unnest(range(1, len(string_split(content, chr(10))) + 1)) as line,
        {% else %}
        1 as line,
        {% endif %}
        cast(null as varchar) as fault,
        {% if batch['kind'] == 'events' %}
        unnest(string_split(content, chr(10))) as document
        {% else %}
        content as document
        {% endif %}
    from (
        select
            load_files.file_id,
            decode(case when md5(found.content) = load_files.etag
                then found.content
                else error(found.filename || ': changed while it was read; run again')
            end) as content
        from read_blob(getvariable('load_paths')) as found
        inner join load_files
            on found.filename = load_files.path
            and load_files.kind = '{{ batch['kind'] }}'
    ) as texts
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


{#-
    What was read is what was hashed: as many documents as were counted, and the files
    that were read in place look as before. `load_counts` is how many of each file.
-#}
{% macro duckdb__refuse_changed_files(load_id) %}
    {% call statement('count_documents') %}
        set variable load_paths = (
            select list(file) from load_files where file is not null
        );
        create or replace temp table load_counts as
        select
            load_files.kind,
            load_files.path,
            load_files.documents - count(load_rejects.path) as rows_loaded,
            count(load_rejects.path) as rows_rejected
        from load_files
        left join load_rejects
            on load_files.file_id = load_rejects.file_id
        group by load_files.kind, load_files.path, load_files.documents
    {% endcall %}
    {% set changed = [] %}
    {% for kind in ['events', 'songs'] %}
        {% for row in run_query("
            select min(path) as path
            from load_counts
            where kind = '" ~ kind ~ "'
            having sum(rows_loaded) <> (
                select count(*) from " ~ source('sparkify', 'staging_' ~ kind) ~ "
                where _load_id = " ~ load_id ~ "
            )
        ").rows %}
            {% do changed.append(kind ~ ': a file') %}
        {% endfor %}
    {% endfor %}
    {% if run_query('select 1 from load_files where file is not null').rows %}
        {% for row in run_query("
            select load_files.path
            from load_files
            left join read_blob(getvariable('load_paths')) as found
                on load_files.file = found.filename
            where load_files.file is not null and not coalesce(
                load_files.file_bytes = found.size
                and load_files.file_s = floor(epoch(found.last_modified)),
                false
            )
            order by load_files.path
        ").rows %}
            {% do changed.insert(0, row['path'] ~ ':') %}
        {% endfor %}
    {% endif %}
    {% if changed %}
        {% do exceptions.raise_compiler_error(
            changed[0] ~ ' changed while it was read; run again'
        ) %}
    {% endif %}
{% endmacro %}


{#- Only a refused line needs its number: look for it in its file once more. -#}
{% macro duckdb__number_lines() %}
    {% for file in run_query("
        select distinct
            load_files.file_id,
            load_files.file
        from load_files
        inner join load_rejects
            on load_files.file_id = load_rejects.file_id
        where load_files.file is not null
        order by load_files.file_id
    ").rows %}
        {% call statement('number_lines') %}
            create or replace temp table load_numbered as
            select
                rejects.* exclude (line),
                lines.line
            from (
                select
                    row_number() over () as line,
                    document
                from {{ duckdb__text_rows(
                    sql_text(file['file']), "{'document': 'varchar'}", 5001000
                ) }}
            ) as lines
            inner join (
                select distinct *
                from load_rejects
                where file_id = {{ file['file_id'] }}
            ) as rejects
                on lines.document = rejects.document;
            delete from load_rejects
            where file_id = {{ file['file_id'] }};
            insert into load_rejects by name
            select * from load_numbered
        {% endcall %}
    {% endfor %}
{% endmacro %}
