{% macro redshift__load_staging(plan, events, songs, max_errors, reload) %}
    {% if not plan %}
        {% do exceptions.raise_compiler_error(
            'load_staging needs manifests on Redshift, which it cannot write:'
            ~ ' use scripts/warehouse.py load --target ' ~ target.name
        ) %}
    {% endif %}
    {% do redshift__check_plan(plan) %}
    {% do redshift__plan_files(plan) %}
    {% for kind in ['events', 'songs'] %}
        {% do redshift__copy_files(kind, plan) %}
    {% endfor %}
    {% do refuse_bad_lines(max_errors) %}
    {% for kind in ['events', 'songs'] %}
        {% do redshift__refuse_bad_values(kind) %}
    {% endfor %}
    {% do redshift__keep_good_rows() %}
    {% do publish_load(reload) %}
{% endmacro %}


{#-
    load_files: the files as planned, by COPY like all else. That nothing of it is loaded already is
    for the publishing transaction to see: another load may come between.
-#}
{% macro redshift__plan_files(plan) %}
    {% call statement('plan_files', auto_begin=false) %}
        set statement_timeout to {{ 2 * 60 * 60 * 1000 }};
        create temp table load_files (
            source varchar(16) not null,
            path varchar(2048) not null,
            form varchar(16) not null,
            etag varchar(128) not null,
            bytes bigint not null
        );
        copy load_files (source, path, form, etag, bytes)
        from '{{ plan.files }}plan.json'
        {{ redshift__copy_options(plan, 'auto') }};
        create temp table load_rejects (
            source varchar(16) not null,
            path varchar(2048) not null,
            line bigint not null,
            reason varchar(1024) not null,
            document varchar(64)
        );
        create temp table load_counts (
            source varchar(16) not null,
            path varchar(2048) not null,
            rows_loaded bigint not null,
            rows_rejected bigint not null
        );
    {% endcall %}
{% endmacro %}


{#-
    Redshift's half of reading: COPY into work tables of this session, by manifests that
    scripts/warehouse.py wrote. Whatever happens here, nothing is published.
-#}
{% macro redshift__copy_files(kind, plan) %}
    {% set columns = staging_columns(kind) %}
    {% set names = columns | map(attribute='name') | join(', ') %}
    {% call statement('create_work_table', auto_begin=false) %}
        create temp table load_{{ kind }} (
            {%- for column in columns %}
            {{ column.name }} {{ column.type }}
                {%- if column.required %} not null{% endif %}
                {{- "," if not loop.last }}
            {%- endfor %}
        )
    {% endcall %}
    {% set forms = run_query(
        "select distinct form from load_files where source = '" ~ kind ~ "'"
        ~ " order by form asc nulls last"
    ).columns[0].values() %}
    {% set copied = namespace(rows=0) %}
    {% for form in forms %}
        {% set json = plan.files ~ 'events.jsonpaths' if kind == 'events' else 'auto' %}
        {% call statement('copy_files', auto_begin=false) %}
            copy load_{{ kind }} ({{ names }})
            from '{{ plan.files ~ kind ~ '.' ~ form ~ '.manifest' }}'
            {{ redshift__copy_options(plan, json) }}
            manifest
            {%- if form == 'gzip' %} gzip{% endif %}
            maxerror 100000
        {% endcall %}
        {% set done = run_query(
            'select pg_last_copy_id() as query_id, pg_last_copy_count() as row_count'
        ).rows[0] %}
        {% set copied.rows = copied.rows + done['row_count'] %}
        {% do redshift__note_copy(kind, form, done['query_id'] | int) %}
    {% endfor %}
    {#- A driver that sent the COPY twice would have doubled the rows. -#}
    {% set found = run_query('select count(*) as row_count from load_' ~ kind).rows[0] %}
    {% if found['row_count'] != copied.rows %}
        {% do exceptions.raise_compiler_error(
            kind ~ ': COPY told of ' ~ copied.rows ~ ' rows, but there are '
            ~ found['row_count'] ~ '; nothing was loaded, run again'
        ) %}
    {% endif %}
{% endmacro %}


{#-
    What every COPY here says: the cluster's own role, never a key. Errors are counted,
    not tolerated: refuse_bad_lines decides.
-#}
{% macro redshift__copy_options(plan, json) -%}
    iam_role {{ 'default' if plan.role == 'default' else "'" ~ plan.role ~ "'" }}
    json '{{ json }}'
    region '{{ plan.region }}'
    compupdate off
    statupdate off
{%- endmacro %}


{#-
    What the system views know of a COPY: refused lines to load_rejects, lines of each
    file to load_counts. Their file names are padded, and end at 256 bytes.
-#}
{% macro redshift__note_copy(kind, form, query_id) %}
    {% call statement('note_copy', auto_begin=false) %}
        insert into load_rejects
        select
            load_files.source,
            load_files.path,
            errors.line_number,
            case
                when trim(errors.column_name) = '' then ''
                else trim(errors.column_name) || ': '
            end || trim(errors.error_message),
            null
        from sys_load_error_detail as errors
        inner join load_files
            on trim(errors.file_name) = left(load_files.path, 256)
            and load_files.source = '{{ kind }}'
        where errors.query_id = {{ query_id }};

        insert into load_counts
        select
            load_files.source,
            load_files.path,
            coalesce(scanned.line_count, 0) - coalesce(refused.line_count, 0),
            coalesce(refused.line_count, 0)
        from load_files
        left join (
            select
                trim(file_name) as file_name,
                sum(lines_scanned) as line_count
            from sys_load_detail
            where query_id = {{ query_id }}
            group by trim(file_name)
        ) as scanned
            on left(load_files.path, 256) = scanned.file_name
        left join (
            select
                path,
                count(*) as line_count
            from load_rejects
            where source = '{{ kind }}'
            group by path
        ) as refused
            on load_files.path = refused.path
        where load_files.source = '{{ kind }}' and load_files.form = '{{ form }}'
    {% endcall %}
{% endmacro %}


{#-
    What COPY takes but the load refuses. Redshift does not tell which file a row is from,
    so that no line can be set aside: such a row always stops the load.
-#}
{% macro redshift__refuse_bad_values(kind) %}
    {% set bad = run_query(
        'select reason, count(*) as row_count from ('
        ~ ' select ' ~ redshift__reason(kind) ~ ' as reason from load_' ~ kind
        ~ ' ) as checked where reason is not null group by reason'
        ~ ' order by reason asc nulls last'
    ) %}
    {% if bad.rows %}
        {% do exceptions.raise_compiler_error(
            kind ~ ': ' ~ bad.rows[0]['reason'] ~ ' (in '
            ~ bad.rows[0]['row_count'] ~ ' row(s)); nothing was loaded: Redshift does'
            ~ ' not say in which file, `load --target dev` on the same files does'
        ) %}
    {% endif %}
{% endmacro %}


{% macro redshift__reason(kind) %}
    case
        {%- for column in staging_columns(kind) %}
        {%- if column.type.startswith('varchar') %}
        {%- if column.required %}
        when {{ column.name }} = ''
            then 'required key {{ column.key }} is missing or empty'
        {%- endif %}
        when left({{ column.name }}, 1) = '{' and is_valid_json({{ column.name }})
            then '{{ column.key }} holds a nested value, not a text'
        when left({{ column.name }}, 1) = '['
            and is_valid_json_array({{ column.name }})
            then '{{ column.key }} holds a nested value, not a text'
        {%- elif column.key == 'ts' %}
        when ts < 1000000000000
            or ts > datediff(
                millisecond, timestamp '1970-01-01', dateadd(day, 1, getdate())
            )
            then 'ts is no time in epoch milliseconds between 2001 and tomorrow: '
                || cast(ts as varchar(20))
        {%- endif %}
        {%- endfor %}
    end
{% endmacro %}


{#-
    Of several versions of one key in one load the greatest by content is kept: Redshift
    keeps no order of lines.
-#}
{% macro redshift__keep_good_rows() %}
    {% call statement('keep_good_rows', auto_begin=false) %}
        {%- for kind in ['events', 'songs'] %}
        {%- set key = staging_key(kind) %}
        {%- set names = staging_columns(kind) | map(attribute='name') | list %}
        create temp table load_repeated_{{ kind }} as
        select
            {{ names | join(', ') }},
            row_number() over (
                partition by {{ key | join(', ') }}
                order by
                    {%- for name in names if name not in key %}
                    {{ name }} desc nulls last{{ "," if not loop.last }}
                    {%- endfor %}
            ) as place
        from load_{{ kind }}
        where ({{ key | join(', ') }}) in (
            select {{ key | join(', ') }}
            from load_{{ kind }}
            group by {{ key | join(', ') }}
            having count(*) > 1
        );
        delete from load_{{ kind }}
        using load_repeated_{{ kind }}
        where
            {%- for column in key %}
            {{ "and " if not loop.first }}load_{{ kind }}.{{ column }}
                = load_repeated_{{ kind }}.{{ column }}
            {%- endfor %};
        insert into load_{{ kind }} ({{ names | join(', ') }})
        select {{ names | join(', ') }}
        from load_repeated_{{ kind }}
        where place = 1;
        {%- endfor %}
    {% endcall %}
{% endmacro %}


{#- Nothing from a settings file gets into SQL unless it looks like what it should be. -#}
{% macro redshift__check_plan(plan) %}
    {% for name, pattern in [
        ('files', 's3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([A-Za-z0-9_.=+@-]+/)*'),
        ('region', '[a-z]{2}(-[a-z]+)+-[0-9]{1,2}'),
        ('role', 'default|arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}'),
    ] %}
        {% if not modules.re.fullmatch(pattern, plan[name] | string) %}
            {% do exceptions.raise_compiler_error(
                'load_staging refuses the plan: ' ~ name
                ~ ' does not look like one; check [data] in warehouse.toml'
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{#- Redshift has no assert, but a division by zero ends the transaction as well. -#}
{% macro redshift__assert_not_loaded(ledger, reload) -%}
    {% if not reload %}
        select 1 / (1 - least(1, count(*))) as not_loaded
        from load_files
        inner join (
            select
                source,
                path,
                etag,
                row_number() over (
                    partition by source, path
                    order by load_id desc nulls last
                ) as recency
            from {{ ledger }}
        ) as delivered
            on load_files.source = delivered.source
            and load_files.path = delivered.path
            and load_files.etag = delivered.etag
            and delivered.recency = 1;
    {% endif %}
{%- endmacro %}


{% macro redshift__note_file_times() -%}
{%- endmacro %}
