{#-
    load_counts and load_rejects: what each file held. The views may lag: query them until
    they agree with what COPY reported, or the time is up.
-#}
{% macro redshift__count_lines(plan, copies, max_errors) %}
    {% set now = modules.datetime.datetime.now %}
    {% set until = now() + modules.datetime.timedelta(seconds=plan.wait_seconds | int) %}
    {#- Older clusters have no column for the ETag that COPY read. -#}
    {% set columns = run_query('select * from sys_load_detail limit 0').column_names %}
    {% set seen = namespace(wrong='the files are not counted') %}
    {% for look in range(plan.wait_seconds | int + 1) %}
        {#- Jinja cannot sleep; scripts/dbt_project does at this message. -#}
        {% if look %}{% do log('sleep 1') %}{% endif %}
        {% do redshift__read_views(
            plan, copies, max_errors, 'file_etag' in columns, look > 0
        ) %}
        {% set seen.wrong = redshift__what_is_wrong(plan, copies) %}
        {% if not seen.wrong or now() >= until %}{% break %}{% endif %}
    {% endfor %}
    {% if seen.wrong %}
        {% do exceptions.raise_compiler_error(
            seen.wrong ~ ' after ' ~ plan.wait_seconds ~ ' s; nothing was loaded: set'
            ~ ' system_view_seconds in [data] of warehouse.toml higher and run again; if'
            ~ ' it stays so, see `warehouse.py check --target ' ~ target.name ~ '`'
        ) %}
    {% endif %}
{% endmacro %}


{#-
    The manifest names a COPY in sys_load_history. Only where it does not, COPY's own
    number is taken: the documents leave open whether the SYS views have the same.
-#}
{% macro redshift__read_views(plan, copies, max_errors, has_etags, again) %}
    {% set history = {} %}
    {% for row in run_query(
        'select query_id, trim(data_source) as data_source from sys_load_history'
        ~ " where left(data_source, " ~ plan.files | length ~ ") = '" ~ plan.files ~ "'"
        ~ ' order by query_id'
    ).rows %}
        {% do history.update({row['data_source']: row['query_id'] | int}) %}
    {% endfor %}
    {% set ids = {} %}
    {% for copy in copies %}
        {% set address = plan.files ~ copy.manifest ~ '.manifest' %}
        {% do ids.update({copy.manifest: history.get(address, copy.query_id)}) %}
    {% endfor %}
    {% call statement('read_views', auto_begin=false) %}
        {% if again %}
        delete from load_counts;
        drop table load_seen;
        {%- if max_errors %}
        drop table load_refused;
        drop table load_rejects;
        {%- endif %}
        {% endif %}
        create temp table load_seen as
        select
            {{ redshift__manifest_of(ids) }} as manifest,
            cast(trim(file_name) as varchar(256)) as file_name,
            sum(lines_scanned) as line_count,
            max(
                {%- if has_etags %}cast(replace(trim(file_etag), '"', '') as varchar(256))
                {%- else %}cast('' as varchar(256)){% endif -%}
            ) as etag
        from sys_load_detail
        where query_id in ({{ ids.values() | join(', ') or -1 }})
        group by 1, 2;
        {% if max_errors %}
        create temp table load_refused as
        select
            {{ redshift__manifest_of(ids) }} as manifest,
            cast(trim(file_name) as varchar(256)) as file_name,
            line_number as line,
            cast(
                case
                    when trim(column_name) = '' then ''
                    else trim(column_name) || ': '
                end || trim(error_message) as varchar(1024)
            ) as reason
        from sys_load_error_detail
        where query_id in ({{ ids.values() | join(', ') or -1 }});
        create temp table load_rejects as
        select
            load_files.kind,
            load_files.path,
            load_refused.line,
            load_refused.reason,
            cast(null as varchar(64)) as document
        from load_refused
        inner join load_files
            on load_refused.manifest = load_files.manifest
            and (
                load_refused.file_name = load_files.shown_path
                or load_refused.file_name = load_files.shown_key
            );
        {% endif %}
        insert into load_counts
        select
            load_files.kind,
            load_files.path,
            load_files.manifest,
            coalesce(by_path.line_count, by_key.line_count) as line_count,
            coalesce(by_path.etag, by_key.etag, '') not in ('', load_files.etag)
                as is_changed,
            coalesce(by_path.line_count, by_key.line_count, 0)
                {{- ' - coalesce(refused.line_count, 0)' if max_errors }} as rows_loaded,
            {{ 'coalesce(refused.line_count, 0)' if max_errors else 0 }} as rows_rejected
        from load_files
        left join load_seen as by_path
            on load_files.manifest = by_path.manifest
            and load_files.shown_path = by_path.file_name
        left join load_seen as by_key
            on load_files.manifest = by_key.manifest
            and load_files.shown_key = by_key.file_name
        {%- if max_errors %}
        left join (
            select
                kind,
                path,
                count(*) as line_count
            from load_rejects
            group by kind, path
        ) as refused
            on load_files.kind = refused.kind
            and load_files.path = refused.path
        {%- endif %}
    {% endcall %}
{% endmacro %}


{% macro redshift__manifest_of(ids) -%}
    cast(
        case
            {%- for manifest, query_id in ids.items() %}
            when query_id = {{ query_id }} then '{{ manifest }}'
            {%- else %}
            when false then ''
            {%- endfor %}
        end as varchar(16)
    )
{%- endmacro %}


{#-
    Why the views cannot be believed, or nothing. A file that changed under COPY stops the
    load at once.
-#}
{% macro redshift__what_is_wrong(plan, copies) %}
    {% set counted = {} %}
    {% set files = namespace(count=0) %}
    {% for row in run_query(
        'select manifest, count(*) as files, count(line_count) as files_seen,'
        ~ ' min(case when line_count is null then path end) as unseen,'
        ~ ' min(case when is_changed then path end) as changed,'
        ~ ' coalesce(sum(line_count), 0) as lines, sum(rows_loaded) as rows_loaded,'
        ~ ' min(rows_loaded) as fewest'
        ~ ' from load_counts group by manifest'
    ).rows %}
        {% set files.count = files.count + row['files'] %}
        {% do counted.update({row['manifest']: row}) %}
    {% endfor %}
    {% if files.count != plan.count %}
        {% do exceptions.raise_compiler_error(
            'the plan has ' ~ plan.count ~ ' files, and Redshift read ' ~ files.count
            ~ ' of them; nothing was loaded, run again'
        ) %}
    {% endif %}
    {% for copy in copies %}
        {% set row = counted[copy.manifest] %}
        {% if row['changed'] is not none %}
            {% do exceptions.raise_compiler_error(
                row['changed'] ~ ': changed while it was read; run again'
            ) %}
        {% elif row['files_seen'] < row['files'] %}
            {{ return(
                row['unseen'] ~ ': sys_load_detail has no row of this file ('
                ~ row['files_seen'] ~ ' of ' ~ row['files'] ~ ' are there)'
            ) }}
        {% elif row['rows_loaded'] != copy.row_count or row['fewest'] < 0 %}
            {{ return(
                copy.kind ~ ': COPY reported ' ~ copy.row_count ~ ' rows, but the'
                ~ ' system views count ' ~ row['lines'] ~ ' lines and '
                ~ (row['lines'] - row['rows_loaded']) ~ ' refused'
            ) }}
        {% endif %}
    {% endfor %}
    {{ return('') }}
{% endmacro %}
