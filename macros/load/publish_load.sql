{#-
    Publish a load: superseded rows out, new rows in, rejected lines, ledger. On Redshift
    it is a transaction and one statement to dbt. If dbt retries it on a new connection,
    the work tables are gone there, so it cannot publish twice.

    load_id      the number of the load, in SQL
    kinds        per kind that has rows, whose table or view load_<kind> holds them: the
                 first and last `ts`, `repeated_rows` that an equal row of the same load
                 superseded, and `has_earlier`, whether staging may hold rows of its keys
    has_rejects  whether load_rejects exists
-#}
{% macro publish_load(load_id, kinds, reload, has_rejects=true) %}
    {% set ledger = source('sparkify', 'loaded_files') %}
    {% set rejected = source('sparkify', 'rejected_rows') %}
    {% set superseded = source('sparkify', 'superseded_rows') %}
    {% if reload %}
        {% do name_lost_rows(kinds) %}
    {% endif %}
    {% call statement('publish', auto_begin=false) %}
        {{ begin_publishing(ledger, reload) }}
        {% if reload %}
        delete from {{ rejected }}
        where load_id < {{ load_id }};
        delete from {{ superseded }}
        where load_id < {{ load_id }};
        {% endif %}
        {% if has_rejects %}
        insert into {{ rejected }}
        select
            {{ load_id }},
            kind,
            path,
            line,
            reason,
            document
        from load_rejects;
        {% endif %}
        {% for kind in ['events', 'songs'] %}
            {% set table = source('sparkify', 'staging_' ~ kind) %}
            {% if reload %}
        delete from {{ table }}
        where _load_id < {{ load_id }};
            {% elif kind in kinds and kinds[kind].has_earlier %}
                {{ supersede_rows(kind, table, superseded, load_id, kinds[kind]) }}
            {% endif %}
            {% if kind in kinds and kinds[kind].repeated_rows %}
        insert into {{ superseded }} (load_id, source, superseded_load_id, row_count)
        select
            {{ load_id }},
            '{{ kind }}',
            {{ load_id }},
            {{ kinds[kind].repeated_rows }};
            {% endif %}
            {{ insert_new_rows(kind, table, load_id) if kind in kinds }}
        {% endfor %}
        {{ note_file_times() }}
        insert into {{ ledger }}
        select
            {{ load_id }},
            load_files.kind,
            load_files.path,
            load_files.etag,
            load_files.bytes,
            coalesce(load_counts.rows_loaded, 0),
            coalesce(load_counts.rows_rejected, 0),
            {{ delivery_time() }}
        from load_files
        left join load_counts
            on load_files.kind = load_counts.kind
            and load_files.path = load_counts.path;
        {% if reload %}
        delete from {{ ledger }}
        where load_id < (select max(load_id) from {{ ledger }});
        {% endif %}
        {{ end_publishing() }}
    {% endcall %}
{% endmacro %}


{#-
    Remove the rows of earlier loads that a new row replaces. Each that differs from its
    new row is noted with its key, the others are counted.
-#}
{% macro supersede_rows(kind, table, superseded, load_id, found) %}
    {% set same_key %}
        {%- for column in staging_key(kind) -%}
        {{ "and " if not loop.first }}{{ table.identifier }}.{{ column }}
            = load_{{ kind }}.{{ column }}
        {% endfor -%}
        {#- With literal bounds both engines skip the blocks of all other times. -#}
        {%- if kind == 'events' -%}
        and {{ table.identifier }}.ts
            between {{ found['first'] | int }} and {{ found['last'] | int }}
        {% endif -%}
        and {{ table.identifier }}._load_id < {{ load_id }}
    {%- endset %}
        insert into {{ superseded }} (
            load_id, source, superseded_load_id, row_key, row_count
        )
        select
            {{ load_id }},
            '{{ kind }}',
            superseded_load_id,
            row_key,
            count(*)
        from (
            select
                {{ table.identifier }}._load_id as superseded_load_id,
                case
                    when {{ rows_differ(kind, table.identifier, 'load_' ~ kind) }}
                        then {{ row_key(kind, 'load_' ~ kind) }}
                end as row_key
            from {{ table }}
            inner join load_{{ kind }}
                on {{ same_key }}
        ) as replaced
        group by superseded_load_id, row_key;
        delete from {{ table }}
        using load_{{ kind }}
        where {{ same_key }};
{% endmacro %}


{#- Whether two rows differ. A point after a text keeps Redshift from ignoring blanks. -#}
{% macro rows_differ(kind, one, other) -%}
    {%- for column in staging_columns(kind) if column.name not in staging_key(kind) -%}
        {%- set end = " || '.'" if column.width -%}
        {{ "or " if not loop.first }}
        {{- one }}.{{ column.name }}{{ end }} <> {{ other }}.{{ column.name }}{{ end }}
        or ({{ one }}.{{ column.name }} is null) <> ({{ other }}.{{ column.name }} is null)
        {% endfor -%}
{%- endmacro %}


{#- The number of this load. The load's lock keeps it from every other load. -#}
{% macro next_load_id(ledger) -%}
    select coalesce(max(load_id), 0) + 1 as load_id from {{ ledger }}
{%- endmacro %}


{#- Begin the transaction, if the load has none yet, and keep other loads out. -#}
{% macro begin_publishing(ledger, reload) -%}
    {{ adapter.dispatch('begin_publishing')(ledger, reload) }}
{%- endmacro %}


{#- Rows of a work table into staging. -#}
{% macro insert_new_rows(kind, table, load_id) -%}
    {{ adapter.dispatch('insert_new_rows')(kind, table, load_id) }}
{%- endmacro %}


{#- Keep the times of local files. Only DuckDB loads local files. -#}
{% macro note_file_times() -%}
    {{ adapter.dispatch('note_file_times')() }}
{%- endmacro %}


{#- When a file was delivered, in the query that reads load_files. -#}
{% macro delivery_time() -%}
    {{ adapter.dispatch('delivery_time')() }}
{%- endmacro %}


{% macro end_publishing() -%}
    {{ adapter.dispatch('end_publishing')() }}
{%- endmacro %}


{#-
    Warn of the rows that a reload removes for good: no file holds them any more, because
    the delivery that brought them was overwritten or deleted since.
-#}
{% macro name_lost_rows(kinds) %}
    {% for kind in kinds %}
        {% set table = source('sparkify', 'staging_' ~ kind) %}
        {% set key = staging_key(kind) %}
        {% set same_key = [] %}
        {% for column in key %}
            {% do same_key.append(
                table.identifier ~ '.' ~ column ~ ' = load_' ~ kind ~ '.' ~ column
            ) %}
        {% endfor %}
        {% set lost = run_query(
            'select ' ~ row_key(kind, table.identifier) ~ ' as row_key,'
            ~ ' count(*) over () as row_count from ' ~ table
            ~ ' left join load_' ~ kind ~ ' on ' ~ same_key | join(' and ')
            ~ ' where load_' ~ kind ~ '.' ~ key[0] ~ ' is null order by 1 limit 5'
        ).rows %}
        {% if lost %}
            {% do exceptions.warn(
                'reload leaves out ' ~ lost[0]['row_count'] ~ ' ' ~ kind
                ~ ' that only overwritten or deleted files held: '
                ~ named_keys(lost, lost[0]['row_count'])
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{#- The keys of some rows, of which there are `count`, for a message. -#}
{% macro named_keys(rows, count) -%}
    {{ rows | map(attribute='row_key') | join('; ') }}
    {{- '; ...' if count > rows | length }}
{%- endmacro %}
