{#-
    DuckDB's half of the load, in one transaction that ends with the ledger: whatever
    stops it, nothing is published. Rows stream into staging under the number of this
    load: memory holds none of them, and none is written twice.

    warehouse.py reads and hashes the files meanwhile. It writes the description of each
    batch when this macro logs that it wants one; none means that all files are done.
-#}
{% macro duckdb__load_staging(plan, max_errors, reload) %}
    {% call statement('begin_load') %}
        -- Of one key the last row stays; a profile may say that rows need no order.
        set preserve_insertion_order = true;
        create or replace temp table load_refused (
            file_id bigint, line bigint, reason varchar, document varchar
        );
        create or replace temp table load_unknown_keys (kind varchar, key varchar)
    {% endcall %}
    {% set load_id = run_query(
        next_load_id(source('sparkify', 'loaded_files'))
    ).rows[0]['load_id'] | int %}
    {% set batches = {'events': [], 'songs': []} %}
    {% for number in range(100000) %}
        {% do log('load_staging: batch ' ~ number) %}
        {% set file = plan.folder ~ '/' ~ number ~ '.batch' %}
        {% set batch = fromjson(run_query(
            'select content from read_text(' ~ sql_text(file) ~ ')'
        ).rows[0]['content']) %}
        {% if not batch %}{% break %}{% endif %}
        {% do batches[batch.kind].append(
            duckdb__read_batch(batch, load_id, batches[batch.kind])
        ) %}
    {% endfor %}
    {% do duckdb__count_files(plan, batches) %}
    {% do refuse_bad_lines(max_errors) %}
    {% do duckdb__report_unknown_keys() %}
    {% set kinds = {} %}
    {% for kind in batches if batches[kind] or reload %}
        {% do duckdb__keep_latest(kind, load_id, batches[kind]) %}
        {% call statement('new_rows') %}
            create or replace temp view load_{{ kind }} as
            select * from {{ source('sparkify', 'staging_' ~ kind) }}
            where _load_id = {{ load_id }}
        {% endcall %}
        {% do kinds.update({kind: run_query(
            'select min(ts) as first, max(ts) as last from load_events'
        ).rows[0] if kind == 'events' else {}}) %}
    {% endfor %}
    {% do name_lost_rows(kinds) if reload %}
    {% set times = source('sparkify', 'file_times') %}
    {#- The files of an earlier delivery get an earlier time: a reload keeps their order. -#}
    {% set delivered_at = utc_now() ~ ' + to_microseconds(delivery_order)' %}
    {% call statement('publish') %}
        {{ publish_load(load_id, kinds, reload, delivered_at) }}
        delete from {{ times }}
        where path in (select path from load_plan);
        insert into {{ times }}
        select path, etag, bytes, modified_ns
        from load_plan
        where modified_ns is not null
    {% endcall %}
    {% for kind in kinds if batches[kind] %}
        {% do duckdb__name_files(kind, load_id, batches[kind]) %}
    {% endfor %}
    {% do adapter.commit() %}
{% endmacro %}


{#-
    A batch into staging. Fast path: a pattern finds plain documents with just our keys,
    whose values are in their ranges. If that is not all of the batch, delete its rows and
    examine each document. Returns where its rows are.
-#}
{% macro duckdb__read_batch(batch, load_id, earlier) %}
    {% set columns = staging_columns(batch.kind) %}
    {% set names = columns | map(attribute='name') | join(', ') %}
    {% set table = source('sparkify', 'staging_' ~ batch.kind) %}
    {% set last_row = earlier[-1].last_row if earlier else run_query(
        'select coalesce(max(rowid), -1) as last_row from ' ~ table
    ).rows[0]['last_row'] | int %}
    {% call statement('read_plain') %}
        set variable load_paths = [
            {%- for file in batch.files %}{{ sql_text(file) }}, {% endfor -%}
        ];
        insert into {{ table }} ({{ names }}, _load_id)
        select
            *,
            {{ load_id }}
        from (
            {{ duckdb__plain_rows(columns, duckdb__documents(batch, with_file=false)) }}
        ) as plain
    {% endcall %}
    {% set inserted = duckdb__rows_after(table, last_row, columns) %}
    {% if inserted['good_rows'] != batch.documents %}
        {% do duckdb__examine_batch(batch, table, load_id, last_row) %}
        {% set inserted = duckdb__rows_after(table, last_row, columns) %}
    {% endif %}
    {{ return({
        'row_count': inserted['good_rows'] | int,
        'first_row': inserted['first_row'] | int,
        'last_row': inserted['last_row'] | int,
        'position': earlier | sum(attribute='row_count'),
    }) }}
{% endmacro %}


{#- The rows of a batch, and how many of them are good: one column shows it. -#}
{% macro duckdb__rows_after(table, last_row, columns) %}
    {{ return(run_query(
        'select'
        ~ ' count(*) filter (where ' ~ duckdb__mark(columns) ~ " <> '') as good_rows,"
        ~ ' coalesce(min(rowid), ' ~ last_row ~ ' + 1) as first_row,'
        ~ ' coalesce(max(rowid), ' ~ last_row ~ ') as last_row'
        ~ ' from ' ~ table ~ ' where rowid > ' ~ last_row
    ).rows[0]) }}
{% endmacro %}


{#- Documents without a fault to staging, the others to load_refused. -#}
{% macro duckdb__examine_batch(batch, table, load_id, last_row) %}
    {% set columns = staging_columns(batch.kind) %}
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
        set variable load_file_ids = {{ batch.file_ids }};
        insert into {{ table }} ({{ names }}, _load_id)
        select
            {{ duckdb__typed(columns, 'examined.fields') }},
            {{ load_id }}
        from ({{ examined }}) as documents
        where examined.reason is null;
        insert into load_refused
        select
            examined.file_id,
            examined.line,
            examined.reason,
            examined.document
        from ({{ examined }}) as documents
        where examined.reason is not null;
        insert into load_unknown_keys
        select distinct
            '{{ batch.kind }}',
            key
        from (
            select unnest(json_keys(examined.document)) as key
            from ({{ examined }}) as documents
            where examined.reason is null
        ) as keys
        where key not in {{ columns | map(attribute='key') | list }}
    {% endcall %}
    {% do duckdb__number_lines(batch) %}
{% endmacro %}


{#- Warn once of keys that no column holds. -#}
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
    The last of several rows of this load with one key stays. Keys are compared by
    their hashes first, a few million at once: these take little memory.
-#}
{% macro duckdb__keep_latest(kind, load_id, batches) %}
    {% set table = source('sparkify', 'staging_' ~ kind) %}
    {% set key = staging_key(kind) | join(', ') %}
    {% set parts = batches | sum(attribute='row_count') // 12000000 + 1 %}
    {% call statement('find_repeated_keys') %}
        create or replace temp table load_repeated_keys (key_hash ubigint);
        {% for part in range(parts) %}
        insert into load_repeated_keys
        select hash({{ key }}) as key_hash
        from {{ table }}
        where _load_id = {{ load_id }} and hash({{ key }}) % {{ parts }} = {{ part }}
        group by key_hash
        having count(*) > 1;
        {% endfor %}
    {% endcall %}
    {% if run_query('select 1 from load_repeated_keys limit 1').rows %}
        {% call statement('keep_latest') %}
            create or replace temp table load_outdated as
            with repeated as (
                select
                    *,
                    rowid as row_id,
                    max(rowid) over (partition by {{ key }}) as last_row_id
                from {{ table }}
                where _load_id = {{ load_id }}
                    and hash({{ key }}) in (select key_hash from load_repeated_keys)
            )

            select
                older.row_id,
                case
                    when {{ rows_differ(kind, 'older', 'latest') }}
                        then {{ row_key(kind, 'older') }}
                end as row_key
            from repeated as older
            inner join repeated as latest
                on older.last_row_id = latest.row_id
            where older.row_id < older.last_row_id;
            insert into {{ source('sparkify', 'superseded_rows') }} (
                load_id, source, superseded_load_id, row_count, row_key, superseded_path
            )
            select
                {{ load_id }},
                '{{ kind }}',
                {{ load_id }},
                count(*),
                row_key,
                case when row_key is not null then path end as superseded_path
            from ({{ duckdb__with_path(kind, 'load_outdated', batches) }}) as outdated
            group by all;
            delete from {{ table }}
            where rowid in (select row_id from load_outdated)
        {% endcall %}
    {% endif %}
{% endmacro %}


{#- Add the file of each row of this load that replaced one with other content. -#}
{% macro duckdb__name_files(kind, load_id, batches) %}
    {% set superseded = source('sparkify', 'superseded_rows') %}
    {% set replaced %}
        select row_key from {{ superseded }}
        where load_id = {{ load_id }} and source = '{{ kind }}' and row_key is not null
    {% endset %}
    {% if run_query(replaced ~ ' limit 1').rows %}
        {% set rows %}
            (
                select
                    rowid as row_id,
                    {{ row_key(kind, 'new_rows') }} as row_key
                from {{ source('sparkify', 'staging_' ~ kind) }} as new_rows
                where _load_id = {{ load_id }} and row_key in ({{ replaced }})
            )
        {%- endset %}
        {% call statement('name_files') %}
            update {{ superseded }} as superseded
            set path = named.path
            from ({{ duckdb__with_path(kind, rows, batches) }}) as named
            where superseded.load_id = {{ load_id }}
                and superseded.source = '{{ kind }}'
                and superseded.row_key = named.row_key
        {% endcall %}
    {% endif %}
{% endmacro %}


{#-
    Rows of this load with the path of their file. Rows are in staging in the order of the
    documents, each batch without a gap, so that a row's position in the load and the
    number of rows of each file give its file.
-#}
{% macro duckdb__with_path(kind, rows, batches) %}
    select
        located.*,
        files.path
    from (
        select
            new_rows.*,
            new_rows.row_id - batches.first_row + batches.position as position
        from {{ rows }} as new_rows
        asof join (
            values
            {%- for batch in batches %}
            ({{ batch.first_row }}, {{ batch.position }}){{ "," if not loop.last }}
            {%- endfor %}
        ) as batches (first_row, position)
            on new_rows.row_id >= batches.first_row
    ) as located
    asof join (
        select
            path,
            sum(rows_loaded) over (order by file_id) - rows_loaded as position
        from load_counts
        where kind = '{{ kind }}' and rows_loaded > 0
    ) as files
        on located.position >= files.position
{% endmacro %}
