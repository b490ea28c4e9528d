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
    A batch into staging. Most documents are plain JSON with just our keys: to see that
    takes one look at the text. Where it is not so, or a value is out of its range, the
    batch is taken out again, and each document examined.
-#}
{% macro duckdb__read_batch(batch, load_id) %}
    {% set columns = duckdb__values(batch['kind']) %}
    {% set names = columns | map(attribute='name') | join(', ') %}
    {% set table = source('sparkify', 'staging_' ~ batch['kind']) %}
    {% set last_row = run_query(
        'select coalesce(max(rowid), -1) as last_row from ' ~ table
    ).rows[0]['last_row'] | int %}
    {% call statement('name_files') %}
        set variable load_paths = (
            {% if batch['form'] == 'whole' %}
            select list(path order by file_id)
            from load_files
            where batch = {{ batch['batch'] }} and kind = '{{ batch['kind'] }}'
            {% else %}
            select files from load_batches where batch = {{ batch['batch'] }}
            {% endif %}
        )
    {% endcall %}
    {% if batch['form'] != 'whole' %}
        {% call statement('read_plain') %}
            insert into {{ table }} ({{ names }}, _load_id)
            select
                *,
                {{ load_id }}
            from (
                {{ duckdb__plain_rows(
                    columns, duckdb__documents(batch, with_file=false)
                ) }}
            ) as plain
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
            load_files.kind,
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
            '{{ batch['kind'] }}',
            key
        from (
            select unnest(json_keys(examined.document)) as key
            from ({{ examined }}) as documents
            where examined.reason is null
        ) as keys
        where key not in {{ columns | map(attribute='key') | list }}
    {% endcall %}
{% endmacro %}


{#- Keys that no column takes are fine, but somebody should know of them: say so once. -#}
{% macro duckdb__report_unknown_keys() %}
    {% for row in run_query("
        select
            kind,
            string_agg(distinct key, ', ' order by key) as keys
        from load_unknown_keys
        group by kind
        order by kind
    ").rows %}
        {% do exceptions.warn(
            row['kind'] ~ ': keys that no column takes were left out: ' ~ row['keys']
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
