{#-
    The statements of both engines that publish a load: superseded rows out, rejected
    lines and ledger in. Each engine puts its own around them, in one transaction.

    load_id       the number of the load, in SQL
    kinds         per kind that has rows, whose table or view load_<kind> holds them: the
                  first and last `ts`
    delivered_at  when a file of load_counts was delivered, in SQL
-#}
{% macro publish_load(load_id, kinds, reload, delivered_at) %}
    {% set ledger = source('sparkify', 'loaded_files') %}
    {% set rejected = source('sparkify', 'rejected_rows') %}
    {% set superseded = source('sparkify', 'superseded_rows') %}
    {% if reload %}
        {%- for table, column in [
            (rejected, 'load_id'),
            (superseded, 'load_id'),
            (source('sparkify', 'staging_events'), '_load_id'),
            (source('sparkify', 'staging_songs'), '_load_id'),
        ] %}
        delete from {{ table }}
        where {{ column }} < {{ load_id }};
        {%- endfor %}
    {% else %}
        {#- Nothing is older than DuckDB's first load; on Redshift load_id is a query. -#}
        {% for kind in kinds if load_id != 1 %}
            {{ supersede_rows(kind, load_id, kinds[kind]) }}
        {% endfor %}
    {% endif %}
        insert into {{ rejected }}
        select
            {{ load_id }},
            kind,
            path,
            line,
            reason,
            document
        from load_rejects;
        insert into {{ ledger }}
        select
            {{ load_id }},
            kind,
            path,
            etag,
            bytes,
            rows_loaded,
            rows_rejected,
            {{ delivered_at }}
        from load_counts;
    {% if reload %}
        delete from {{ ledger }}
        where load_id < (select max(load_id) from {{ ledger }});
    {% endif %}
{% endmacro %}


{#-
    Remove the rows of earlier loads that a new row replaces. Of those that
    differ from their new row the keys are kept, the others are counted.
-#}
{% macro supersede_rows(kind, load_id, times) %}
    {% set table = source('sparkify', 'staging_' ~ kind) %}
    {% set is_superseded %}
        {{ same_key(kind, table.identifier) }}
        {#- With literal bounds both engines skip the blocks of all other times. -#}
        {%- if kind == 'events' -%}
        and {{ table.identifier }}.ts
            between {{ times['first'] | int }} and {{ times['last'] | int }}
        {% endif -%}
        and {{ table.identifier }}._load_id < {{ load_id }}
    {%- endset %}
        insert into {{ source('sparkify', 'superseded_rows') }} (
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
                on {{ is_superseded }}
        ) as replaced
        group by superseded_load_id, row_key;
        delete from {{ table }}
        using load_{{ kind }}
        where {{ is_superseded }};
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


{#-
    Warn of the rows that a reload removes for good: no file holds them any more, because
    the delivery that brought them was overwritten or deleted since.
-#}
{% macro name_lost_rows(kinds) %}
    {% for kind in kinds %}
        {% set table, key = source('sparkify', 'staging_' ~ kind), staging_key(kind) %}
        {% set lost = run_query(
            'select ' ~ row_key(kind, table.identifier) ~ ' as row_key,'
            ~ ' count(*) over () as row_count from ' ~ table
            ~ ' left join load_' ~ kind ~ ' on ' ~ same_key(kind, table.identifier)
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


{#- Whether a row and one of load_<kind> have the same key. -#}
{% macro same_key(kind, rows) -%}
    {%- for column in staging_key(kind) -%}
    {{ "and " if not loop.first }}{{ rows }}.{{ column }} = load_{{ kind }}.{{ column }} {{ '' }}
    {%- endfor -%}
{%- endmacro %}


{#- The keys of some rows, of which there are `count`, for a message. -#}
{% macro named_keys(rows, count) -%}
    {{ rows | map(attribute='row_key') | join('; ') }}
    {{- '; ...' if count > rows | length }}
{%- endmacro %}
