{% macro redshift__load_staging(plan, events, songs, max_errors, reload) %}
    {% if not plan %}
        {% do exceptions.raise_compiler_error(
            'load_staging needs manifests on Redshift, which it cannot write:'
            ~ ' use scripts/warehouse.py load --target ' ~ target.name
        ) %}
    {% endif %}
    {% do redshift__check_plan(plan) %}
    {% do redshift__plan_files(plan) %}
    {% for source in ['events', 'songs'] %}
        {% do redshift__copy_files(source, plan) %}
    {% endfor %}
    {% do refuse_bad_lines(max_errors) %}
    {% for source in ['events', 'songs'] %}
        {% do redshift__refuse_bad_values(source) %}
    {% endfor %}
    {% do redshift__keep_good_rows() %}
    {% do publish_load(reload) %}
{% endmacro %}


{#-
    load_files: the files as planned. The publishing transaction checks that none of them
    is loaded already, because another load may come between.
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
    load_<source>: COPY into a work table of this session, by the manifests that
    scripts/warehouse.py wrote.
-#}
{% macro redshift__copy_files(source, plan) %}
    {% set columns = staging_columns(source) %}
    {% set names = columns | map(attribute='name') | join(', ') %}
    {% call statement('create_work_table', auto_begin=false) %}
        create temp table load_{{ source }} (
            {%- for column in columns %}
            {{ column.name }} {{ column.type }}
                {%- if column.required %} not null{% endif %}
                {{- "," if not loop.last }}
            {%- endfor %}
        )
    {% endcall %}
    {% set forms = run_query(
        "select distinct form from load_files where source = '" ~ source ~ "'"
        ~ " order by form"
    ).columns[0].values() %}
    {% set copied = namespace(rows=0) %}
    {% for form in forms %}
        {% set json = plan.files ~ 'events.jsonpaths' if source == 'events' else 'auto' %}
        {% call statement('copy_files', auto_begin=false) %}
            copy load_{{ source }} ({{ names }})
            from '{{ plan.files ~ source ~ '.' ~ form ~ '.manifest' }}'
            {{ redshift__copy_options(plan, json) }}
            manifest
            {%- if form == 'gzip' %} gzip{% endif %}
            maxerror 100000
        {% endcall %}
        {% set done = run_query(
            'select pg_last_copy_id() as query_id, pg_last_copy_count() as row_count'
        ).rows[0] %}
        {% set copied.rows = copied.rows + done['row_count'] %}
        {% do redshift__note_copy(source, form, done['query_id'] | int) %}
    {% endfor %}
    {#- A driver that sends a COPY twice doubles the rows. -#}
    {% set found = run_query('select count(*) as row_count from load_' ~ source).rows[0] %}
    {% if found['row_count'] != copied.rows %}
        {% do exceptions.raise_compiler_error(
            source ~ ': COPY reported ' ~ copied.rows ~ ' rows; the work table has '
            ~ found['row_count'] ~ '; nothing was loaded, run again'
        ) %}
    {% endif %}
{% endmacro %}


{#-
    The options of every COPY. The cluster's own role reads S3, never a key. COPY counts
    errors; refuse_bad_lines decides about them.
-#}
{% macro redshift__copy_options(plan, json) -%}
    iam_role {{ 'default' if plan.role == 'default' else "'" ~ plan.role ~ "'" }}
    json '{{ json }}'
    region '{{ plan.region }}'
    compupdate off
    statupdate off
{%- endmacro %}


{#-
    Read a COPY's rejected lines and its lines per file from the system views. Their file
    names are padded, and cut at 256 bytes.
-#}
{% macro redshift__note_copy(source, form, query_id) %}
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
            and load_files.source = '{{ source }}'
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
            where source = '{{ source }}'
            group by path
        ) as refused
            on load_files.path = refused.path
        where load_files.source = '{{ source }}' and load_files.form = '{{ form }}'
    {% endcall %}
{% endmacro %}


{#-
    Refuse values that COPY accepts. Redshift does not say which file a row is from, so no
    line can be set aside: such a row always stops the load.
-#}
{% macro redshift__refuse_bad_values(source) %}
    {% set bad = run_query(
        'select reason, count(*) as row_count from ('
        ~ ' select ' ~ redshift__reason(source) ~ ' as reason from load_' ~ source
        ~ ' ) as checked where reason is not null group by reason'
        ~ ' order by reason'
    ) %}
    {% if bad.rows %}
        {% do exceptions.raise_compiler_error(
            source ~ ': ' ~ bad.rows[0]['reason'] ~ ' (in '
            ~ bad.rows[0]['row_count'] ~ ' row(s)); nothing was loaded: Redshift does'
            ~ ' not say in which file, `load --target dev` on the same files does'
        ) %}
    {% endif %}
{% endmacro %}


{% macro redshift__reason(source) %}
    case
        {%- for column in staging_columns(source) %}
        {%- if column.type.startswith('varchar') %}
        {%- if column.required %}
        when {{ column.name }} = ''
            then 'required key {{ column.key }} is missing or empty'
        {%- endif %}
        {%- if column.choice %}
        when {{ column.name }} not in ('', '{{ column.choice | join("', '") }}')
            then '{{ column.key }} must be {{ column.choice | join(" or ") }}: '
                || left({{ column.name }}, 40)
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
            then 'ts must be epoch milliseconds between 2001 and tomorrow: '
                || cast(ts as varchar(20))
        {%- elif column.range %}
        when {{ column.name }} not between {{ column.range | join(' and ') }}
            then '{{ column.key }} must be from {{ column.range | join(" to ") }}: '
                || cast({{ column.name }} as varchar(40))
        {%- endif %}
        {%- endfor %}
    end
{% endmacro %}


{#-
    Of several rows with one key in one load keep the greatest by content: Redshift keeps
    no order of lines.
-#}
{% macro redshift__keep_good_rows() %}
    {% call statement('keep_good_rows', auto_begin=false) %}
        {%- for source in ['events', 'songs'] %}
        {%- set key = staging_key(source) %}
        {%- set names = staging_columns(source) | map(attribute='name') | list %}
        create temp table load_repeated_{{ source }} as
        select
            {{ names | join(', ') }},
            row_number() over (
                partition by {{ key | join(', ') }}
                order by
                    {%- for name in names if name not in key %}
                    {{ name }} desc nulls last{{ "," if not loop.last }}
                    {%- endfor %}
            ) as place
        from load_{{ source }}
        where ({{ key | join(', ') }}) in (
            select {{ key | join(', ') }}
            from load_{{ source }}
            group by {{ key | join(', ') }}
            having count(*) > 1
        );
        delete from load_{{ source }}
        using load_repeated_{{ source }}
        where
            {%- for column in key %}
            {{ "and " if not loop.first }}load_{{ source }}.{{ column }}
                = load_repeated_{{ source }}.{{ column }}
            {%- endfor %};
        insert into load_{{ source }} ({{ names | join(', ') }})
        select {{ names | join(', ') }}
        from load_repeated_{{ source }}
        where place = 1;
        {%- for column in staging_columns(kind) if column.choice %}
        update load_{{ kind }}
        set {{ column.name }} = null
        where {{ column.name }} = '';
        {%- endfor %}
        {%- endfor %}
    {% endcall %}
{% endmacro %}


{#- Only values of the expected form get from a settings file into SQL. -#}
{% macro redshift__check_plan(plan) %}
    {% for name, pattern in [
        ('files', 's3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]/([A-Za-z0-9_.=+@-]+/)*'),
        ('region', '[a-z]{2}(-[a-z]+)+-[0-9]{1,2}'),
        ('role', 'default|arn:aws[a-z-]*:iam::[0-9]{12}:role/[A-Za-z0-9+=,.@_/-]{1,512}'),
    ] %}
        {% if not modules.re.fullmatch(pattern, plan[name] | string) %}
            {% do exceptions.raise_compiler_error(
                'load_staging refuses the plan: ' ~ name
                ~ ' has the wrong form; check [data] in warehouse.toml'
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{#- Redshift has no assert; a division by zero ends the transaction. -#}
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


{% macro redshift__delivery_time() -%}
    {{ utc_now() }}
{%- endmacro %}
