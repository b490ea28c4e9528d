{#-
    DuckDB's half of the load, in one transaction that ends with the ledger: whatever
    stops it, nothing is published. Rows stream into staging under the number of this
    load: memory holds none of them, and none is written twice.
-#}
{% macro duckdb__load_staging(plan, events, songs, max_errors, reload) %}
    {% if not (plan or events or songs) %}
        {% do exceptions.raise_compiler_error(
            'load_staging has nothing to load: give it --args'
            ~ " '{events: FOLDER, songs: FOLDER}', or use scripts/warehouse.py load"
        ) %}
    {% endif %}
    {% do duckdb__plan_files(plan, events, songs, reload) %}
    {% set load_id = run_query(
        next_load_id(source('sparkify', 'loaded_files'))
    ).rows[0]['load_id'] | int %}
    {% for batch in run_query('select * from load_batches order by batch').rows %}
        {% do duckdb__read_batch(batch, load_id) %}
    {% endfor %}
    {% do duckdb__number_lines() %}
    {% do duckdb__refuse_changed_files(load_id) %}
    {% do refuse_bad_lines(max_errors) %}
    {% do duckdb__report_unknown_keys() %}
    {% do duckdb__keep_latest(load_id) %}
    {% do publish_load(reload, load_id) %}
    {% do adapter.commit() %}
{% endmacro %}


{#-
    load_plan: the files as planned; load_files: those of them that are new, in the order
    in which they are loaded; load_batches: what is read at once.
-#}
{% macro duckdb__plan_files(plan, events, songs, reload) %}
    {% call statement('plan_files') %}
        {% if plan %}
        create or replace temp table load_plan as
        select * from read_json(
            {{ sql_text(plan.files) }},
            format = 'newline_delimited',
            columns = {
                'file_id': 'bigint', 'source': 'varchar', 'path': 'varchar',
                'etag': 'varchar', 'bytes': 'bigint', 'modified_ns': 'bigint',
                'documents': 'bigint', 'is_new': 'boolean', 'place': 'bigint',
                'file': 'varchar', 'file_bytes': 'bigint', 'file_s': 'bigint'
            }
        );
        create or replace temp table load_files as
        select
            *,
            cast(null as bigint) as batch
        from load_plan
        where is_new;
        create or replace temp table load_batches as
        select * from read_json(
            {{ sql_text(plan.batches) }},
            format = 'newline_delimited',
            columns = {
                'batch': 'bigint', 'source': 'varchar', 'form': 'varchar',
                'line_bytes': 'bigint', 'files': 'varchar[]', 'documents': 'bigint'
            }
        );
        {% else %}
        create or replace temp table load_plan as
        with found as (
            {%- for source, folder in [('events', events), ('songs', songs)] if folder %}
            {% if not loop.first %}union all{% endif %}
            select
                '{{ source }}' as source,
                filename as path,
                md5(content) as etag,
                size as bytes,
                {% if source == 'events' %}
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
                order by found.source, known.place nulls last, found.path
            ) as file_id,
            found.*,
            cast(null as bigint) as modified_ns,
            cast(null as varchar) as file,
            cast(null as bigint) as file_bytes,
            cast(null as bigint) as file_s,
            {{ 'coalesce(known.place, 0)' if reload else '0' }} as place
        from found
        left join ({{ known_files() }}) as known
            on found.source = known.source
            and found.path = known.path
        where known.path is null or found.etag <> known.etag or {{ reload }};
        create or replace temp table load_files as
        select
            *,
            sum(bytes) over (order by file_id) // 33554432 as batch
        from load_plan;
        create or replace temp table load_batches as
        select distinct
            batch,
            source,
            'whole' as form,
            cast(null as bigint) as line_bytes,
            cast(null as varchar[]) as files,
            cast(null as bigint) as documents
        from load_files;
        {% endif %}
        create or replace temp table load_rejects (
            file_id bigint, source varchar, path varchar,
            line bigint, reason varchar, document varchar
        );
        create or replace temp table load_unknown_keys (source varchar, key varchar)
    {% endcall %}
{% endmacro %}


{#-
    A batch into staging. Most documents are plain JSON with our keys in our order: to see
    that takes one look at the text. Where it is not so, or a value is out of its range,
    the batch is taken out again, and each document examined.
-#}
{% macro duckdb__read_batch(batch, load_id) %}
    {% set columns = duckdb__values(batch['source']) %}
    {% set names = columns | map(attribute='name') | join(', ') %}
    {% set table = source('sparkify', 'staging_' ~ batch['source']) %}
    {% set last_row = run_query(
        'select coalesce(max(rowid), -1) as last_row from ' ~ table
    ).rows[0]['last_row'] | int %}
    {% call statement('name_files') %}
        set variable load_paths = (
            {% if batch['form'] == 'whole' %}
            select list(path order by file_id)
            from load_files
            where batch = {{ batch['batch'] }} and source = '{{ batch['source'] }}'
            {% else %}
            select files from load_batches where batch = {{ batch['batch'] }}
            {% endif %}
        )
    {% endcall %}
    {% if batch['form'] != 'whole' %}
        {% call statement('read_plain') %}
            insert into {{ table }} ({{ names }}, _load_id)
            select
                {% for column in columns %}
                fields."{{ column.key }}" as {{ column.name }},
                {% endfor %}
                {{ load_id }}
            from (
                select {{ duckdb__fields(columns, typed=true) }} as fields
                from ({{ duckdb__documents(batch, with_file=false) }}) as documents
                where fault is null and strlen(document) <= 1024 and regexp_full_match(
                    document, {{ sql_text(duckdb__plain_pattern(columns)) }}
                )
            ) as parsed
        {% endcall %}
        {% set plain = run_query(
            'select count(*) as row_count from ' ~ table
            ~ ' where rowid > ' ~ last_row
            ~ ' and not coalesce(' ~ duckdb__out_of_range(columns) ~ ', false)'
        ).rows[0]['row_count'] | int %}
    {% endif %}
    {% if plain != batch['documents'] %}
        {% do duckdb__examine_batch(batch, columns, table, load_id, last_row) %}
    {% endif %}
{% endmacro %}


{#- The documents one by one: those without fault to staging, the others to load_rejects. -#}
{% macro duckdb__examine_batch(batch, columns, table, load_id, last_row) %}
    {% set names = columns | map(attribute='name') | join(', ') %}
    {% set examined %}
        {#- The list keeps DuckDB from asking for the fields once per condition. -#}
        select unnest([{
            'file_id': file_id,
            'line': line,
            'document': document,
            'fields': fields,
            'reason': {{ duckdb__reason(columns) }}
        }]) as examined
        from (
            select
                *,
                case when fault is null then {{ duckdb__fields(columns) }} end as fields
            from ({{ duckdb__documents(batch) }}) as documents
            where not regexp_full_match(document, '[ \t\r\n]*')
        ) as parsed
    {% endset %}
    {% call statement('examine_batch') %}
        delete from {{ table }}
        where rowid > {{ last_row }};
        set variable load_repeated = (
            select list(distinct document)
            from (
                select nested.document
                from (
                    select document
                    from ({{ duckdb__documents(batch) }}) as documents
                    where fault is null
                        and regexp_matches(document, '(?s)[{].*[{]')
                        and json_valid(document)
                ) as nested, json_tree(nested.document) as node
                where node.key is not null
                group by nested.document, node.parent, node.key
                having count(*) > 1
            ) as repeated
        );
        insert into {{ table }} ({{ names }}, _load_id)
        select
            {{ duckdb__typed(columns, 'examined.fields') }},
            {{ load_id }}
        from ({{ examined }}) as documents
        where examined.reason is null;
        insert into load_rejects
        select
            load_files.file_id,
            load_files.source,
            load_files.path,
            documents.examined.line,
            documents.examined.reason,
            documents.examined.document
        from ({{ examined }}) as documents
        inner join load_files
            on documents.examined.file_id = load_files.file_id
        where documents.examined.reason is not null;
        insert into load_unknown_keys
        select distinct
            '{{ batch['source'] }}',
            key
        from (
            select unnest(json_keys(examined.document)) as key
            from ({{ examined }}) as documents
            where examined.reason is null
        ) as keys
        where key not in {{ columns | map(attribute='key') | list }}
    {% endcall %}
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
        {% if batch['source'] == 'events' %}
        unnest(range(1, len(string_split(content, chr(10))) + 1)) as line,
        {% else %}
        1 as line,
        {% endif %}
        cast(null as varchar) as fault,
        {% if batch['source'] == 'events' %}
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
            and load_files.source = '{{ batch['source'] }}'
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
            load_files.source,
            load_files.path,
            load_files.documents - count(load_rejects.path) as rows_loaded,
            count(load_rejects.path) as rows_rejected
        from load_files
        left join load_rejects
            on load_files.file_id = load_rejects.file_id
        group by load_files.source, load_files.path, load_files.documents
    {% endcall %}
    {% set changed = [] %}
    {% for kind in ['events', 'songs'] %}
        {% for row in run_query("
            select min(path) as path
            from load_counts
            where source = '" ~ kind ~ "'
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


{#- Keys that no column takes are fine, but somebody should know of them: say so once. -#}
{% macro duckdb__report_unknown_keys() %}
    {% for row in run_query("
        select
            source,
            string_agg(distinct key, ', ' order by key) as keys
        from load_unknown_keys
        group by source
        order by source
    ").rows %}
        {% do exceptions.warn(
            row['source'] ~ ': keys that no column takes were left out: ' ~ row['keys']
        ) %}
    {% endfor %}
{% endmacro %}


{#-
    Of several rows of this load with one key the last one stays. Keys are compared by
    their hashes first, a few million at once: these take little memory.
-#}
{% macro duckdb__keep_latest(load_id) %}
    {% for kind in ['events', 'songs'] %}
        {% set table = source('sparkify', 'staging_' ~ kind) %}
        {% set key = staging_key(kind) | join(', ') %}
        {% set parts = run_query(
            'select count(*) // 4000000 + 1 as parts from ' ~ table
            ~ ' where _load_id = ' ~ load_id
        ).rows[0]['parts'] | int %}
        {% call statement('keep_latest') %}
            create or replace temp table load_repeated (key_hash ubigint);
            {% for part in range(parts) %}
            insert into load_repeated
            select hash({{ key }}) as key_hash
            from {{ table }}
            where _load_id = {{ load_id }} and hash({{ key }}) % {{ parts }} = {{ part }}
            group by key_hash
            having count(*) > 1;
            {% endfor %}
            delete from {{ table }}
            where _load_id = {{ load_id }} and rowid in (
                select rowid
                from {{ table }}
                where _load_id = {{ load_id }}
                    and hash({{ key }}) in (select key_hash from load_repeated)
                qualify row_number() over (partition by {{ key }} order by rowid desc) > 1
            );
            create or replace temp view load_{{ kind }} as
            select * from {{ table }}
            where _load_id = {{ load_id }}
        {% endcall %}
    {% endfor %}
{% endmacro %}


{#- The plan was compared with the ledger by this process, which has the file. -#}
{% macro duckdb__assert_not_loaded(ledger, reload) -%}
{%- endmacro %}


{#- The files of an earlier delivery get an earlier time: a reload keeps their order. -#}
{% macro duckdb__delivery_time() -%}
    {{ utc_now() }} + to_microseconds(load_files.place)
{%- endmacro %}


{% macro duckdb__note_file_times() -%}
    {% set times = source('sparkify', 'file_times') %}
        delete from {{ times }}
        where path in (select path from load_plan);
        insert into {{ times }}
        select path, etag, bytes, modified_ns
        from load_plan
        where modified_ns is not null;
{%- endmacro %}
