{#-
    The one transaction of a load: superseded rows out, new rows in, rejected lines,
    ledger. It is one statement to dbt. If dbt retries it on a new connection, the work
    tables are gone there, so it cannot publish twice.

    load_id      where the caller's own transaction has put the new rows into staging
                 under this number, and load_events and load_songs are views of them
    found        else what is known of the work table of each source that there is: its
                 first and last `ts`, and whether keys were repeated
    has_rejects  whether load_rejects is there
-#}
{% macro publish_load(reload, load_id=none, found=none, has_rejects=true) %}
    {% set ledger = source('sparkify', 'loaded_files') %}
    {% set rejected = source('sparkify', 'rejected_rows') %}
    {% set superseded = source('sparkify', 'superseded_rows') %}
    {% set staging = {
        'events': source('sparkify', 'staging_events'),
        'songs': source('sparkify', 'staging_songs'),
    } %}
    {#- With literal bounds both engines skip the blocks of all other times. -#}
    {% set span = found.get('events') if load_id is none else run_query(
        'select min(ts) as first, max(ts) as last from load_events'
    ).rows[0] %}
    {% if reload %}
        {% do name_lost_rows(staging, found or staging) %}
    {% endif %}
    {% call statement('publish', auto_begin=false) %}
        {{ 'begin;' if not load_id }}
        {{ wait_for_writers('load') }}
        {{ assert_not_loaded(ledger, reload) }}
        {% if reload %}
        delete from {{ rejected }};
        delete from {{ superseded }};
        {% endif %}
        {% if has_rejects %}
        insert into {{ rejected }}
        select
            numbered.load_id,
            load_rejects.source,
            load_rejects.path,
            load_rejects.line,
            load_rejects.reason,
            load_rejects.document
        from load_rejects
        cross join ({{ next_load_id(ledger) }}) as numbered;
        {% endif %}

        {% for source, table in staging.items() %}
        {% set key = staging_key(source) %}
        {% if reload %}
        delete from {{ table }}{{ ' where _load_id < ' ~ load_id if load_id }};
        {% endif %}
        {#- Without this, a load of songs alone would look through all events. -#}
        {% if (found is not none and source not in found)
            or (source == 'events' and span['first'] is none) %}
            {% continue %}
        {% endif %}
        {% if not reload and (not load_id or run_query(
            'select 1 from ' ~ table ~ ' where _load_id < ' ~ load_id ~ ' limit 1'
        ).rows) %}
        {% set same_key %}
            {%- for column in key -%}
            {{ "and " if not loop.first }}{{ table.identifier }}.{{ column }}
                = load_{{ source }}.{{ column }}
            {% endfor -%}
            {%- if source == 'events' -%}
            and {{ table.identifier }}.ts
                between {{ span['first'] | int }} and {{ span['last'] | int }}
            {%- endif %}
            {%- if load_id %} and {{ table.identifier }}._load_id < {{ load_id }}{% endif %}
        {%- endset %}
        insert into {{ superseded }}
        select
            numbered.load_id,
            '{{ source }}',
            found.superseded_load_id,
            found.row_count
        from (
            select
                {{ table.identifier }}._load_id as superseded_load_id,
                count(*) as row_count
            from {{ table }}
            inner join load_{{ source }}
                on {{ same_key }}
            group by {{ table.identifier }}._load_id
        ) as found
        cross join ({{ next_load_id(ledger) }}) as numbered;
        delete from {{ table }}
        using load_{{ source }}
        where {{ same_key }};
        {% endif %}
        {#- Within the load a later row may have superseded an earlier one. -#}
        {% if load_id or found[source].repeated_keys %}
        insert into {{ superseded }}
        select
            numbered.load_id,
            '{{ source }}',
            numbered.load_id,
            accepted.row_count - kept.row_count
        from (
            select coalesce(sum(rows_loaded), 0) as row_count
            from load_counts
            where source = '{{ source }}'
        ) as accepted
        cross join (select count(*) as row_count from load_{{ source }}) as kept
        cross join ({{ next_load_id(ledger) }}) as numbered
        where accepted.row_count <> kept.row_count;
        {% endif %}
        {% if not load_id %}
        insert into {{ table }} (
            {%- for column in staging_columns(source) %}
            {{ column.name }},
            {%- endfor %}
            _load_id
        )
        select
            {%- for column in staging_columns(source) %}
            {%- if column.choice %}
            nullif({{ column.name }}, ''),
            {%- else %}
            {{ column.name }},
            {%- endif %}
            {%- endfor %}
            numbered.load_id
        from load_{{ source }}
        cross join ({{ next_load_id(ledger) }}) as numbered;
        {% endif %}
        {% endfor %}

        {{ note_file_times() }}
        insert into {{ ledger }}
        select
            numbered.load_id,
            load_files.source,
            load_files.path,
            load_files.etag,
            load_files.bytes,
            coalesce(load_counts.rows_loaded, 0),
            coalesce(load_counts.rows_rejected, 0),
            {{ delivery_time() }}
        from load_files
        cross join ({{ next_load_id(ledger) }}) as numbered
        left join load_counts
            on load_files.source = load_counts.source
            and load_files.path = load_counts.path;
        {% if reload %}
        delete from {{ ledger }}
        where load_id < (select max(load_id) from {{ ledger }});
        {% endif %}
        {{ 'commit' if not load_id }}
    {% endcall %}
{% endmacro %}


{#- The number of this load. The load's lock keeps it from every other load. -#}
{% macro next_load_id(ledger) -%}
    select coalesce(max(load_id), 0) + 1 as load_id from {{ ledger }}
{%- endmacro %}


{#- Fail if another load published one of these files since the plan was made. -#}
{% macro assert_not_loaded(ledger, reload) -%}
    {{ adapter.dispatch('assert_not_loaded')(ledger, reload) }}
{%- endmacro %}


{#- Keep the times of local files. Only DuckDB loads local files. -#}
{% macro note_file_times() -%}
    {{ adapter.dispatch('note_file_times')() }}
{%- endmacro %}


{#- When a file was delivered; `load_files` is at hand. -#}
{% macro delivery_time() -%}
    {{ adapter.dispatch('delivery_time')() }}
{%- endmacro %}


{#-
    What a reload takes away for good: rows that no file holds any more, because the
    delivery that brought them was overwritten or deleted since.
-#}
{% macro name_lost_rows(staging, kinds) %}
    {% for kind, table in staging.items() if kind in kinds %}
        {% set key = staging_key(kind) %}
        {% set names = [] %}
        {% set same_key = [] %}
        {% for column in key %}
            {% set name = table.identifier ~ '.' ~ column %}
            {% do names.append(name) %}
            {% do same_key.append(name ~ ' = load_' ~ kind ~ '.' ~ column) %}
        {% endfor %}
        {% set lost = run_query(
            'select ' ~ names | join(', ') ~ ', count(*) over () as row_count from '
            ~ table ~ ' left join load_' ~ kind ~ ' on ' ~ same_key | join(' and ')
            ~ ' where load_' ~ kind ~ '.' ~ key[0] ~ ' is null'
            ~ ' order by ' ~ names | join(', ') ~ ' limit 5'
        ).rows %}
        {% if lost %}
            {% do exceptions.warn(
                'reload leaves out ' ~ lost[0]['row_count'] ~ ' ' ~ kind
                ~ ' that only overwritten or deleted files held: '
                ~ named_keys(lost, key, lost[0]['row_count'])
            ) %}
        {% endif %}
    {% endfor %}
{% endmacro %}


{#- The keys of some rows, of which there are `count`, for a message. -#}
{% macro named_keys(rows, key, count) %}
    {% set named = [] %}
    {% for row in rows %}
        {% set values = [] %}
        {% for column in key %}
            {% do values.append(column ~ ' ' ~ row[column]) %}
        {% endfor %}
        {% do named.append(values | join(' ')) %}
    {% endfor %}
    {{ return(named | join('; ') ~ ('; ...' if count > rows | length else '')) }}
{% endmacro %}
