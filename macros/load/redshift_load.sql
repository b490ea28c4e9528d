{#-
    What the system views say is checked before it is believed: `max_errors` goes into
    COPY itself, and the rows that each COPY reports must be the lines that the views
    count. Wrong, missing or late views can stop the load, and nothing else.
-#}
{% macro redshift__load_staging(plan, max_errors, reload) %}
    {% do redshift__plan_files(plan) %}
    {% set copies = [] %}
    {% for manifest in plan.manifests %}
        {% do copies.append(redshift__copy_files(manifest, plan, max_errors)) %}
    {% endfor %}
    {% do redshift__count_lines(plan, copies, max_errors) %}
    {% do refuse_bad_lines(max_errors) %}
    {% set kinds = {} %}
    {% for kind in copies | map(attribute='kind') | unique %}
        {% do kinds.update({kind: redshift__check_rows(kind, copies)}) %}
    {% endfor %}
    {% do name_lost_rows(kinds) if reload %}
    {% do redshift__publish(kinds, reload) %}
    {#- COPY keeps no statistics of a work table, and the planner needs those of staging. -#}
    {% for kind in kinds if kinds[kind].row_count >= plan.analyze_rows | int %}
        {% call statement('analyze', auto_begin=false) %}
            analyze {{ source('sparkify', 'staging_' ~ kind).include(database=false) }}
        {% endcall %}
    {% endfor %}
{% endmacro %}


{#-
    load_files: the files as planned; a file without a byte has no manifest. The
    publishing transaction checks that none of them is loaded already, because another
    load may come between. `shown_path` and `shown_key` are the names by which the system
    views may know a file.
-#}
{% macro redshift__plan_files(plan) %}
    {% call statement('plan_files', auto_begin=false) %}
        set statement_timeout to {{ 2 * 60 * 60 * 1000 }};
        create temp table load_files (
            kind varchar(16) not null,
            path varchar(2048) not null,
            manifest varchar(16) not null,
            etag varchar(128) not null,
            bytes bigint not null,
            shown_path varchar(256) not null,
            shown_key varchar(256) not null
        );
        copy load_files (kind, path, manifest, etag, bytes, shown_path, shown_key)
        from {{ sql_text(plan.files ~ 'plan.json') }}
        {{ redshift__copy_options(plan, 'auto') }};
        {%- for kind in ['events', 'songs']
            if kind ~ '.' in plan.manifests | join(' ') %}
        create temp table load_{{ kind }} (
            {%- for column in staging_columns(kind) %}
            {{ column.name }} {{ column.type }}
                {%- if column.required %} not null{% endif %}
                {{- "," if not loop.last }}
            {%- endfor %}
        );
        {%- endfor %}
    {% endcall %}
{% endmacro %}


{#-
    COPY into load_<kind> by a manifest that scripts/warehouse.py wrote. COPY stops at
    the bad line that is one too many.
-#}
{% macro redshift__copy_files(manifest, plan, max_errors) %}
    {% set kind = manifest.split('.')[0] %}
    {% set names = staging_columns(kind) | map(attribute='name') | join(', ') %}
    {% set json = plan.files ~ 'events.jsonpaths' if kind == 'events' else 'auto' %}
    {% call statement('copy_files', fetch_result=true, auto_begin=false) %}
        copy load_{{ kind }} ({{ names }})
        from {{ sql_text(plan.files ~ manifest ~ '.manifest') }}
        {{ redshift__copy_options(plan, json) }}
        manifest
        {%- if manifest.endswith('.gzip') %} gzip{% endif %}
        maxerror {{ [max_errors + 1, 100000] | min }};
        select
            pg_last_copy_id() as query_id,
            pg_last_copy_count() as row_count
    {% endcall %}
    {% set done = load_result('copy_files').table.rows[0] %}
    {{ return({
        'manifest': manifest,
        'kind': kind,
        'query_id': done['query_id'] | int,
        'row_count': done['row_count'] | int,
    }) }}
{% endmacro %}


{#- The options of every COPY. The cluster's own role reads S3, never a key. -#}
{% macro redshift__copy_options(plan, json) -%}
    iam_role {{ 'default' if plan.role == 'default' else sql_text(plan.role) }}
    json {{ sql_text(json) }}
    region {{ sql_text(plan.region) }}
    compupdate off
    statupdate off
{%- endmacro %}


{#-
    Refuse values that COPY accepts, and a COPY that a driver sent twice. Redshift does
    not say which file a row is from, so no line can be set aside: such a row always stops
    the load. Returns the numbers of rows and of those to leave out, and the first and the
    last time.
-#}
{% macro redshift__check_rows(kind, copies) %}
    {% set key = staging_key(kind) | join(', ') %}
    {% set ids = staging_columns(kind) | selectattr('is_trimmed')
        | map(attribute='name') | list %}
    {#- White space around what identifies a row; Redshift ignores blanks at the end. -#}
    {% call statement('trim_ids', auto_begin=false) %}
        update load_{{ kind }}
        set
            {%- for id in ids %}
            {{ id }} = {{ trimmed(id) }}{{ "," if not loop.last }}
            {%- endfor %}
        where
            {%- for id in ids %}
            {{ "or " if not loop.first }}{{ id }} || '.' <> {{ trimmed(id) }} || '.'
            {%- endfor %}
    {% endcall %}
    {% set row = run_query(
        'select count(*) as row_count, count(reason) as bad_rows, min(reason) as reason,'
        ~ ' min(case when reason is not null then row_key end) as bad_row,'
        ~ (' min(ts) as first, max(ts) as last,' if kind == 'events')
        ~ ' count(*) - (select count(*) from (select ' ~ key ~ ' from load_' ~ kind
        ~ ' group by ' ~ key ~ ') as keys) as repeated_rows'
        ~ ' from (select *, ' ~ redshift__reason(kind) ~ ' as reason, '
        ~ row_key(kind, 'load_' ~ kind) ~ ' as row_key from load_' ~ kind ~ ') as checked'
    ).rows[0] %}
    {% set copied = copies | selectattr('kind', 'equalto', kind)
        | sum(attribute='row_count') %}
    {% if row['row_count'] != copied %}
        {% do exceptions.raise_compiler_error(
            kind ~ ': COPY reported ' ~ copied ~ ' rows; the work table has '
            ~ row['row_count'] ~ '; nothing was loaded, run again'
        ) %}
    {% elif row['bad_rows'] %}
        {% do exceptions.raise_compiler_error(
            kind ~ ': ' ~ row['reason'] ~ ' (' ~ row['bad_rows'] ~ ' bad row(s) in'
            ~ ' all), such as ' ~ row['bad_row'] ~ '; nothing was loaded: Redshift does'
            ~ ' not say in which file; `SPARKIFY_DUCKDB=:memory: warehouse.py load'
            ~ ' --target dev` with the same --events and --songs does'
        ) %}
    {% elif row['repeated_rows'] %}
        {% do redshift__keep_one_of_each(kind) %}
    {% endif %}
    {{ return(row) }}
{% endmacro %}


{% macro redshift__reason(kind) %}
    case
        {%- for column in staging_columns(kind) %}
        {%- if column.type.startswith('varchar') %}
        {%- if column.required %}
        when {{ trimmed(column.name) }} = ''
            then 'required key {{ column.key }} is missing or empty'
        {%- endif %}
        {%- if column.choice %}
        when {{ column.name }} not in ('', '{{ column.choice | join("', '") }}')
            then '{{ column.key }} must be {{ column.choice | join(" or ") }}: '
                || left({{ column.name }}, 40)
        {%- endif %}
        when (left({{ column.name }}, 1) = '{' and is_valid_json({{ column.name }}))
            or (left({{ column.name }}, 1) = '[' and is_valid_json_array({{ column.name }}))
            then '{{ column.key }} holds a nested value, not a text'
        {%- if column.is_id %}
        when {{ column.name }} ~ '^-?[0-9]+[.][0-9]+$'
            then '{{ column.key }} must be a text or a whole number: '
                || left({{ column.name }}, 40)
        {%- endif %}
        {%- elif column.range %}
        when {{ column.name }} not between {{ column.range | join(' and ') }}
            then '{{ column.key }} must be {{ column.range_words }}: '
                || cast({{ column.name }} as varchar(40))
        {%- endif %}
        {%- endfor %}
    end
{% endmacro %}


{#-
    Keep one of several equal rows. Rows of one key that differ stop the load: DuckDB takes
    the later by path and line, and Redshift does not know which that is. A point at
    the end keeps Redshift from seeing texts as equal that differ in blanks.
-#}
{% macro redshift__keep_one_of_each(kind) %}
    {% set key = staging_key(kind) %}
    {% set columns = staging_columns(kind) %}
    {% set names = columns | map(attribute='name') | join(', ') %}
    {% call statement('repeated', auto_begin=false) %}
        create temp table load_repeated_{{ kind }} as
        select {{ names }}
        from load_{{ kind }}
        where ({{ key | join(', ') }}) in (
            select {{ key | join(', ') }}
            from load_{{ kind }}
            group by {{ key | join(', ') }}
            having count(*) > 1
        )
        group by {{ names }}
            {%- for column in columns if column.width %}, {{ column.name }} || '.'{% endfor %}
    {% endcall %}
    {% set different = run_query(
        'select ' ~ row_key(kind, 'load_repeated_' ~ kind) ~ ' as row_key,'
        ~ ' count(*) over () as key_count from load_repeated_' ~ kind
        ~ ' group by ' ~ key | join(', ') ~ ' having count(*) > 1'
        ~ ' order by ' ~ key | join(', ') ~ ' limit 5'
    ).rows %}
    {% if different %}
        {% do exceptions.raise_compiler_error(
            kind ~ ': ' ~ different[0]['key_count'] ~ ' key(s) with different rows in'
            ~ ' one load, and Redshift does not say which is the later: '
            ~ named_keys(different, different[0]['key_count'])
            ~ '; nothing was loaded: first load the files with the earlier rows'
            ~ ' alone, or remove one of the two'
        ) %}
    {% endif %}
    {% call statement('keep_one_of_each', auto_begin=false) %}
        delete from load_{{ kind }}
        using load_repeated_{{ kind }}
        where {{ same_key(kind, 'load_repeated_' ~ kind) }};
        insert into load_{{ kind }} ({{ names }})
        select {{ names }}
        from load_repeated_{{ kind }}
    {% endcall %}
{% endmacro %}


{#-
    One statement to dbt: if it retries on a new connection, the work tables are gone
    there, so it cannot publish twice. No report reads the locked table, so only other
    loads wait. The plan was compared with the ledger before, and another load may have
    come between. Redshift has no assert: a division by zero ends the transaction.
-#}
{% macro redshift__publish(kinds, reload) %}
    {% set ledger = source('sparkify', 'loaded_files') %}
    {% set load_id = '(' ~ next_load_id(ledger) ~ ')' %}
    {% call statement('publish', auto_begin=false) %}
        begin;
        {{ wait_for_writers('load') }}
        {% if not reload %}
        select 1 / (1 - least(1, count(*))) as not_loaded
        from load_files
        inner join ({{ known_files() }}) as known
            on load_files.kind = known.source
            and load_files.path = known.path
            and load_files.etag = known.etag;
        {% endif %}
        {% for kind in kinds %}
            {% set columns = staging_columns(kind) %}
        insert into {{ source('sparkify', 'staging_' ~ kind) }} (
            {{ columns | map(attribute='name') | join(', ') }}, _load_id
        )
        select
            {%- for column in columns %}
            {{ 'nullif(' ~ column.name ~ ", '')" if column.choice else column.name }},
            {%- endfor %}
            {{ load_id }}
        from load_{{ kind }};
            {% if kinds[kind].repeated_rows %}
        insert into {{ source('sparkify', 'superseded_rows') }} (
            load_id, source, superseded_load_id, row_count
        )
        select
            {{ load_id }},
            '{{ kind }}',
            {{ load_id }},
            {{ kinds[kind].repeated_rows }};
            {% endif %}
        {% endfor %}
        {{ publish_load(load_id, kinds, reload, utc_now()) }}
        commit
    {% endcall %}
{% endmacro %}
