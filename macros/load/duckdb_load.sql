{% macro duckdb__load_staging(plan, events, songs, max_errors, reload) %}
    {% if not (plan or events or songs) %}
        {% do exceptions.raise_compiler_error(
            'load_staging has nothing to load: give it --args'
            ~ " '{events: FOLDER, songs: FOLDER}', or use scripts/warehouse.py load"
        ) %}
    {% endif %}
    {% do duckdb__plan_files(plan, events, songs, reload) %}
    {% for kind in ['events', 'songs'] %}
        {% do duckdb__read_files(kind) %}
        {% do duckdb__report_unknown_keys(kind) %}
    {% endfor %}
    {% do duckdb__find_rejects() %}
    {% do refuse_bad_lines(max_errors) %}
    {% do duckdb__keep_good_rows() %}
    {% do publish_load(reload) %}
{% endmacro %}


{#-
    load_plan: the files as planned; load_files: those of them that the ledger does not
    hold in this very version.
-#}
{% macro duckdb__plan_files(plan, events, songs, reload) %}
    {% set ledger = source('sparkify', 'loaded_files') %}
    {% call statement('plan_files', auto_begin=false) %}
        create or replace temp table load_plan as
            {% if plan %}
            select *
            from read_json(
                {{ dbt.string_literal(plan.files) }},
                format = 'newline_delimited',
                columns = {
                    'source': 'varchar', 'path': 'varchar', 'file': 'varchar',
                    'form': 'varchar', 'etag': 'varchar', 'bytes': 'bigint',
                    'modified_ns': 'bigint'
                }
            )
            {% else %}
            {%- for source, folder, form in [
                ('events', events, 'lines'), ('songs', songs, 'whole')
            ] if folder %}
            {% if not loop.first %}union all{% endif %}
            select
                '{{ source }}' as source,
                filename as path,
                filename as file,
                '{{ form }}' as form,
                md5(content) as etag,
                octet_length(content) as bytes,
                cast(null as bigint) as modified_ns
            from read_blob({{ dbt.string_literal(folder ~ '/**/*.json') }})
            {%- endfor %}
            {% endif %};

        create or replace temp table load_files as
        with delivered as (
            select
                source,
                path,
                arg_max(etag, load_id) as etag
            from {{ ledger }}
            group by source, path
        )

        select
            row_number() over (order by load_plan.path) as file_id,
            load_plan.*
        from load_plan
        left join delivered
            on load_plan.source = delivered.source
            and load_plan.path = delivered.path
            and load_plan.etag = delivered.etag
        where delivered.path is null or {{ reload }}
    {% endcall %}
{% endmacro %}


{#-
    load_<source>: every line of the source's files, typed, with the reason why it is
    refused, if it is.
-#}
{% macro duckdb__read_files(source) %}
    {% set columns = staging_columns(source) %}
    {% set forms = run_query(
        "select distinct form from load_files where source = '" ~ source ~ "'"
        ~ " order by form"
    ).columns[0].values() %}
    {#- Thousands of small files are read many times over unless they are materialized;
        a stream of lines is better left a stream. -#}
    {% call statement('read_files', auto_begin=false) %}
        {% for form in forms %}
        set variable {{ form }}_files = (
            select list(file order by file_id)
            from load_files
            where source = '{{ source }}' and form = '{{ form }}'
        );
        {% endfor %}
        create or replace temp table load_{{ source }} as
        with documents as {{ 'materialized' if 'whole' in forms }} (
            {% for form in forms %}
            {% if not loop.first %}union all{% endif %}
            {{ duckdb__documents(form) }}
            {% endfor %}
            {% if not forms %}
            select
                cast(null as varchar) as file,
                cast(null as bigint) as line,
                cast(null as varchar) as fault,
                cast(null as varchar) as document
            limit 0
            {% endif %}
        ),

        parsed as (
            select
                *,
                row_number() over () as row_id,
                case when fault is null and json_valid(document) then json_transform(
                    document,
                    '{
                        {%- for column in columns -%}
                        "{{ column.key }}":"VARCHAR"{{ "," if not loop.last }}
                        {%- endfor -%}
                    }'
                ) end as fields,
                case when fault is null and json_valid(document)
                    then json_keys(document) end as keys
            from documents
            where trim(document, e' \t\r') <> ''
        ),

        checked as (
            select
                *,
                {{ duckdb__reason(columns) }} as reason
            from parsed
        )

        select
            row_id,
            file,
            line,
            reason,
            case when reason is not null then document end as document,
            case when not list_has_all(
                {{ columns | map(attribute='key') | list }}, keys
            ) then keys end as unusual_keys,
            {% for column in columns %}
            try_cast(
                {% if column.type.startswith('varchar') -%}
                fields."{{ column.key }}"
                {%- else -%}
                nullif(fields."{{ column.key }}", '')
                {%- endif %} as {{ column.type }}
            ) as {{ column.name }}{{ "," if not loop.last }}
            {% endfor %}
        from checked
    {% endcall %}
{% endmacro %}


{#-
    The documents of a form's files, with file and line. What warehouse.py had to take
    apart itself (bytes that are no text, several songs in a file) it wrote as lines of
    marker, line number, fault or nothing, and text, parted by chr(1), which no valid
    JSON holds.
-#}
{% macro duckdb__documents(form) %}
    {% if form == 'whole' %}
    select
        filename as file,
        1 as line,
        cast(null as varchar) as fault,
        content as document
    from read_text(getvariable('whole_files'))
    {% elif form == 'lines' %}
    select
        filename as file,
        cast(null as bigint) as line,
        cast(null as varchar) as fault,
        document
    from {{ duckdb__text_lines('lines_files') }}
    {% else %}
    select
        filename as file,
        cast(split_part(document, chr(1), 2) as bigint) as line,
        nullif(split_part(document, chr(1), 3), '') as fault,
        split_part(document, chr(1), 4) as document
    from {{ duckdb__text_lines('parts_files') }}
    {% endif %}
{% endmacro %}


{#- DuckDB's CSV reader as a reader of lines: its delimiter is one that no text has. -#}
{% macro duckdb__text_lines(variable) %}
    read_csv(
        getvariable('{{ variable }}'),
        columns = {'document': 'varchar'},
        auto_detect = false,
        header = false,
        delim = e'\x01\x02\x03\x04',
        quote = '',
        escape = '',
        strict_mode = false,
        max_line_size = 67108864,
        filename = true
    )
{% endmacro %}


{#- Why a document is refused, in words for a person; null when it is good. -#}
{% macro duckdb__reason(columns) %}
    case
        when fault is not null then fault
        when octet_length(encode(document)) > 4194304
            then 'longer than 4 MB'
        when fields is null then
            'not valid JSON: malformed or cut off'
        when json_type(document) <> 'OBJECT'
            then 'not a JSON object but ' || lower(json_type(document))
        when keys <> {{ columns | map(attribute='key') | list }}
            and not list_unique(keys) = len(keys)
            then 'a key stands twice in one object'
        when contains(document, '\u0000')
            and regexp_matches(document, '(^|[^\\])(\\\\)*\\u0000')
            then 'a text holds a NUL character'
        {% for column in columns %}
        {% set value = 'fields."' ~ column.key ~ '"' %}
        {% if column.required %}
        when coalesce({{ value }}, '') = ''
            then 'required key {{ column.key }} is missing or empty'
        {% endif %}
        {% if column.type.startswith('varchar') %}
        {% set width = column.type | replace('varchar(', '') | replace(')', '') %}
        when strlen({{ value }}) > {{ width }}
            then '{{ column.key }} is longer than {{ width }} bytes'
        when (starts_with({{ value }}, '{') or starts_with({{ value }}, '['))
            and json_type(document, '$.{{ column.key }}') in ('OBJECT', 'ARRAY')
            then '{{ column.key }} holds a nested value, not a text'
        {% elif column.key == 'ts' %}
        when not regexp_full_match({{ value }}, '[1-9][0-9]{12}')
            or cast({{ value }} as bigint)
                > epoch_ms(now()) + 86400000
            then 'ts is no time in epoch milliseconds between 2001 and tomorrow: '
                || left({{ value }}, 40)
        {% elif column.type == 'bigint' %}
        when not regexp_full_match({{ value }}, '(-?[0-9]{1,18})?')
            then '{{ column.key }} is not a whole number: ' || left({{ value }}, 40)
        {% else %}
        when not regexp_full_match(
            {{ value }}, '(-?[0-9]+(\.[0-9]+)?([eE][+-]?[0-9]+)?)?'
        )
            then '{{ column.key }} is not a number: ' || left({{ value }}, 40)
        {% endif %}
        {% endfor %}
    end
{% endmacro %}


{#- Keys that no column takes are fine, but somebody should know of them: say so once. -#}
{% macro duckdb__report_unknown_keys(source) %}
    {% set unknown = run_query(
        "select distinct unnest(unusual_keys) as key from load_" ~ source
        ~ " where reason is null and unusual_keys is not null order by key"
    ).columns[0].values()
        | reject('in', staging_columns(source) | map(attribute='key') | list) | list %}
    {% if unknown %}
        {% do exceptions.warn(
            source ~ ': keys that no column takes were left out: ' ~ unknown | join(', ')
        ) %}
    {% endif %}
{% endmacro %}


{#- load_rejects: the refused lines of all files, with their line numbers. -#}
{% macro duckdb__find_rejects() %}
    {% call statement('find_rejects', auto_begin=false) %}
        create or replace temp table load_rejects as
        {%- for kind in ['events', 'songs'] %}
        {% if not loop.first %}union all{% endif %}
        select
            load_files.source,
            load_files.path,
            load_files.file,
            rejects.line,
            rejects.reason,
            rejects.document,
            rejects.row_id
        from load_{{ kind }} as rejects
        inner join load_files
            on rejects.file = load_files.file
            and load_files.source = '{{ kind }}'
        where rejects.reason is not null
        {%- endfor %}
    {% endcall %}
    {% set files = run_query(
        'select distinct file from load_rejects where line is null'
    ).columns[0].values() %}
    {% for file in files %}
        {% do duckdb__number_lines(file) %}
    {% endfor %}
{% endmacro %}


{#- Only a refused line needs its number: read its file once more and count. -#}
{% macro duckdb__number_lines(file) %}
    {% call statement('number_lines', auto_begin=false) %}
        set variable lines_files = [{{ dbt.string_literal(file) }}];
        update load_rejects
        set line = numbered.line
        from (
            select
                lines.line,
                rejects.row_id
            from (
                select *, row_number() over (order by line) as place
                from (
                    select row_number() over () as line, document
                    from {{ duckdb__text_lines('lines_files') }}
                )
                where trim(document, e' \t\r') <> ''
            ) as lines
            inner join (
                select row_id, row_number() over (order by row_id) as place
                from load_events
                where file = {{ dbt.string_literal(file) }}
            ) as rejects
                on lines.place = rejects.place
        ) as numbered
        where load_rejects.row_id = numbered.row_id
            and load_rejects.file = {{ dbt.string_literal(file) }}
    {% endcall %}
{% endmacro %}


{#- load_counts, and then only the rows to publish: good ones, of each key the last. -#}
{% macro duckdb__keep_good_rows() %}
    {% call statement('keep_good_rows', auto_begin=false) %}
        create or replace temp table load_counts as
        {%- for kind in ['events', 'songs'] %}
        {% if not loop.first %}union all{% endif %}
        select
            load_files.source,
            load_files.path,
            count(*) filter (documents.reason is null) as rows_loaded,
            count(*) filter (documents.reason is not null) as rows_rejected
        from load_{{ kind }} as documents
        inner join load_files
            on documents.file = load_files.file
            and load_files.source = '{{ kind }}'
        group by load_files.source, load_files.path
        {%- endfor %};
        {% for kind in ['events', 'songs'] %}
        {% set key = staging_key(kind) %}
        delete from load_{{ kind }}
        where reason is not null;
        delete from load_{{ kind }}
        where row_id in (
            select repeated.row_id
            from load_{{ kind }} as repeated
            inner join load_files
                on repeated.file = load_files.file
                and load_files.source = '{{ kind }}'
            where ({{ key | join(', ') }}) in (
                select ({{ key | join(', ') }})
                from load_{{ kind }}
                group by {{ key | join(', ') }}
                having count(*) > 1
            )
            qualify row_number() over (
                partition by {{ key | join(', ') }}
                order by load_files.file_id desc, repeated.row_id desc
            ) > 1
        );
        {% endfor %}
    {% endcall %}
{% endmacro %}


{#- The plan was compared with the ledger by this process, which has the file. -#}
{% macro duckdb__assert_not_loaded(ledger, reload) -%}
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
