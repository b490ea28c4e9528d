{#-
    load_counts and load_rejects: the lines of each file. The views may lag: query them
    until they agree with what COPY reported, or the time is up.
-#}
{% macro redshift__count_lines(plan, copies, max_errors) %}
    {% set now = modules.datetime.datetime.now %}
    {% set until = now() + modules.datetime.timedelta(seconds=plan.wait_seconds | int) %}
    {% set views = namespace(fault='') %}
    {% for attempt in range(plan.wait_seconds | int + 1) %}
        {#- Jinja cannot sleep; scripts/dbt_project does at this message. -#}
        {% if attempt %}
            {% do log('sleep 1') %}
            {% do run_query('drop table load_seen, load_refused, load_counts, load_rejects') %}
        {% endif %}
        {% do redshift__read_views(plan, copies, max_errors) %}
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
    may name files with or without the bucket. Without --max-errors COPY refuses no line,
    so no view of errors has to be right.
-#}
{% macro redshift__read_views(plan, copies, max_errors) %}
    {% set history = {} %}
    {% for row in run_query(
        'select query_id, trim(data_source) as data_source from sys_load_history'
        ~ ' where left(data_source, ' ~ plan.files | length ~ ') = ' ~ sql_text(plan.files)
        ~ ' order by query_id'
    ).rows %}
        {% do history.update({row['data_source']: row['query_id'] | int}) %}
    {% endfor %}
    {% for copy in copies %}
        {% set address = plan.files ~ copy.manifest ~ '.manifest' %}
        {% do copy.update({'query_id': history.get(address, copy.query_id)}) %}
    {% endfor %}
    {% set ids = copies | map(attribute='query_id') | join(', ') or -1 %}
    {% call statement('read_views', auto_begin=false) %}
        create temp table load_seen as
        select
            query_id,
            cast(trim(file_name) as varchar(256)) as file_name,
            sum(lines_scanned) as line_count,
            max(cast(replace(trim(file_etag), '"', '') as varchar(256))) as etag
        from sys_load_detail
        where query_id in ({{ ids }})
        group by 1, 2;
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
        where {{ 'query_id in (' ~ ids ~ ')' if max_errors else '1 = 0' }};
        create temp table load_counts as
        select
            planned.*,
            seen.line_count,
            coalesce(seen.etag, '') not in ('', planned.etag) as is_changed,
            coalesce(seen.line_count, 0) - coalesce(refused.row_count, 0) as rows_loaded,
            coalesce(refused.row_count, 0) as rows_rejected
        from (
            select
                load_files.*,
                case when names.with_bucket > 0 then shown_path else shown_key end
                    as file_name,
                case manifest
                    when '' then -1
                    {%- for copy in copies %}
                    when '{{ copy.manifest }}' then {{ copy.query_id }}
                    {%- endfor %}
                end as query_id
            from load_files
            cross join (
                select count(case when file_name like 's3://%' then 1 end) as with_bucket
                from load_seen
            ) as names
        ) as planned
        left join load_seen as seen
            on planned.query_id = seen.query_id
            and planned.file_name = seen.file_name
        left join (
            select
                query_id,
                file_name,
                count(*) as row_count
            from load_refused
            group by query_id, file_name
        ) as refused
            on planned.query_id = refused.query_id
            and planned.file_name = refused.file_name;
        create temp table load_rejects as
        select
            load_counts.kind,
            load_counts.path,
            load_refused.line,
            load_refused.reason,
            cast(null as varchar(64)) as document
        from load_refused
        inner join load_counts
            on load_refused.query_id = load_counts.query_id
            and load_refused.file_name = load_counts.file_name
    {% endcall %}
{% endmacro %}


{#-
    What the views lack or contradict, or nothing. A file that changed under COPY stops
    the load at once.
-#}
{% macro redshift__fault_of_views(plan, copies) %}
    {% set counted = {} %}
    {% for row in run_query(
        'select manifest, count(*) as files, count(line_count) as files_seen,'
        ~ ' min(case when line_count is null then path end) as unseen,'
        ~ ' min(case when is_changed then path end) as changed,'
        ~ ' coalesce(sum(line_count), 0) as lines, sum(rows_loaded) as rows_loaded,'
        ~ ' min(rows_loaded) as fewest'
        ~ ' from load_counts group by manifest'
    ).rows %}
        {% do counted.update({row['manifest']: row}) %}
    {% endfor %}
    {% set files = counted.values() | sum(attribute='files') %}
    {% if files != plan.count %}
        {% do exceptions.raise_compiler_error(
            'the plan has ' ~ plan.count ~ ' files, and Redshift read ' ~ files
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
