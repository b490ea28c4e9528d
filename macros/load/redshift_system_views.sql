{#-
    load_counts and load_rejects: the lines of each file. The views may lag: query them
    until they agree with what COPY reported, or the time is up.
-#}
{% macro redshift__count_lines(plan, copies, max_errors) %}
    {% set now = modules.datetime.datetime.now %}
    {% set until = now() + modules.datetime.timedelta(seconds=plan.wait_seconds | int) %}
    {#- Older clusters have no column for the ETag that COPY read. -#}
    {% set columns = run_query('select * from sys_load_detail limit 0').column_names %}
    {% set views = namespace(fault='') %}
    {% for attempt in range(plan.wait_seconds | int + 1) %}
        {#- Jinja cannot sleep; scripts/dbt_project does at this message. -#}
        {% if attempt %}{% do log('sleep 1') %}{% endif %}
        {% do redshift__read_views(
            plan, copies, max_errors, 'file_etag' in columns, attempt > 0
        ) %}
        {% set views.fault = redshift__fault_of_views(plan, copies) %}
        {% if not views.fault or now() >= until %}{% break %}{% endif %}
    {% endfor %}
    {% if views.fault %}
        {% do exceptions.raise_compiler_error(
            views.fault ~ ' after ' ~ plan.wait_seconds ~ ' s; nothing was loaded: set'
            ~ ' system_view_seconds in [data] of warehouse.toml higher and run again; if'
            ~ ' it stays so, see `warehouse.py check --target ' ~ target.name ~ '`'
        ) %}
    {% endif %}
{% endmacro %}


{#-
    The manifest identifies a COPY in sys_load_history. Only where it does not, COPY's own
    number counts: the documents leave open whether the SYS views have the same. A view
    may name files with or without the bucket.
-#}
{% macro redshift__read_views(plan, copies, max_errors, has_etags, again) %}
    {% set history = {} %}
    {% for row in run_query(
        'select query_id, trim(data_source) as data_source from sys_load_history'
        ~ ' where left(data_source, ' ~ plan.files | length ~ ') = ' ~ sql_text(plan.files)
        ~ ' order by query_id'
    ).rows %}
        {% do history.update({row['data_source']: row['query_id'] | int}) %}
    {% endfor %}
    {% set ids = {} %}
    {% for copy in copies %}
        {% set address = plan.files ~ copy.manifest ~ '.manifest' %}
        {% do ids.update({copy.manifest: history.get(address, copy.query_id)}) %}
    {% endfor %}
    {% set is_ours = 'query_id in (' ~ (ids.values() | join(', ') or -1) ~ ')' %}
    {% call statement('read_views', auto_begin=false) %}
        {% if again %}
        drop table load_seen;
        drop table load_lines;
        drop table load_counts;
        {% endif %}
        create temp table load_seen as
        select
            query_id,
            cast(trim(file_name) as varchar(256)) as file_name,
            sum(lines_scanned) as line_count,
            max({{ "cast(replace(trim(file_etag), '\"', '') as varchar(256))"
                if has_etags else "cast('' as varchar(256))" }}) as etag
        from sys_load_detail
        where {{ is_ours }}
        group by 1, 2;
        create temp table load_lines as
        select
            planned.*,
            load_seen.line_count,
            coalesce(load_seen.etag, '') not in ('', planned.etag) as is_changed
        from (
            select
                load_files.*,
                case when names.with_bucket > 0 then shown_path else shown_key end
                    as file_name,
                case
                    {%- for manifest, query_id in ids.items() %}
                    when manifest = '{{ manifest }}' then {{ query_id }}
                    {%- else %}
                    when false then 0
                    {%- endfor %}
                end as query_id
            from load_files
            cross join (
                select count(case when file_name like 's3://%' then 1 end) as with_bucket
                from load_seen
            ) as names
        ) as planned
        left join load_seen
            on planned.query_id = load_seen.query_id
            and planned.file_name = load_seen.file_name;
        {% if max_errors %}
        {% if again %}
        drop table load_refused;
        drop table load_rejects;
        {% endif %}
        create temp table load_refused as
        select
            query_id,
            cast(trim(file_name) as varchar(256)) as file_name,
            line_number as line,
            cast(
                case
                    when trim(column_name) = '' then ''
                    else trim(column_name) || ': '
                end || trim(error_message) as varchar(1024)
            ) as reason
        from sys_load_error_detail
        where {{ is_ours }};
        create temp table load_rejects as
        select
            load_lines.kind,
            load_lines.path,
            load_refused.line,
            load_refused.reason,
            cast(null as varchar(64)) as document
        from load_refused
        inner join load_lines
            on load_refused.query_id = load_lines.query_id
            and load_refused.file_name = load_lines.file_name;
        {% endif %}
        create temp table load_counts as
        select
            load_lines.*,
            coalesce(load_lines.line_count, 0) - coalesce(refused.row_count, 0)
                as rows_loaded,
            coalesce(refused.row_count, 0) as rows_rejected
        from load_lines
        left join (
            select
                kind,
                path,
                count(*) as row_count
            from {{ 'load_rejects' if max_errors else 'load_lines where 1 = 0' }}
            group by kind, path
        ) as refused
            on load_lines.kind = refused.kind
            and load_lines.path = refused.path
    {% endcall %}
{% endmacro %}


{#-
    What the views lack or contradict, or nothing. A file that changed under COPY stops
    the load at once.
-#}
{% macro redshift__fault_of_views(plan, copies) %}
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
