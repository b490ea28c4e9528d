{#- The newest load that a relation holds rows of, as a literal that prunes; 0 if none. -#}
{% macro newest_load(relation) -%}
    {%- if execute -%}
        {{ return(run_query(
            'select coalesce(max(_load_id), 0) as load_id from ' ~ relation
        ).rows[0]['load_id']) }}
    {%- else -%}
        {{ return(0) }}
    {%- endif -%}
{%- endmacro %}


{#-
    Of two builds at once the second waits here, before its first look, and so replaces
    what the first one has added since it asked for the newest load. Locked is a table
    that only builds read, as a locked one keeps its readers waiting.
-#}
{% macro wait_for_other_builds() -%}
    {%- if is_incremental() -%}
        {{ lock_tables([whole_source('tested_loads')]) }}
    {%- endif -%}
{%- endmacro %}


{#-
    After `load --reload` every row of staging has a new load, and the ledger knows no
    older one: what an incremental model still holds of those is gone from staging.
-#}
{% macro forget_replaced_loads() -%}
    {%- if is_incremental() -%}
        delete from {{ this }}
        where _load_id < (
            select min(load_id) from {{ source('sparkify', 'loaded_files') }}
        )
    {%- endif -%}
{%- endmacro %}


{#- The days, in days since 1970, that events of the loads after `since` fall on. -#}
{% macro event_days_since(since) %}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {{ return(run_query(
        'select distinct cast(floor(occurred_ms / 86400000.0) as bigint) as event_day'
        ~ ' from ' ~ ref('stg_events') ~ ' as stg_events'
        ~ ' where _load_id > ' ~ since ~ ' order by event_day asc nulls last'
    ).columns[0].values() | list) }}
{% endmacro %}


{#-
    All of a day goes when it is made anew, also if nothing comes in its place: what an
    event was of may be nobody's now.
-#}
{% macro forget_days_to_redo() -%}
    {%- set days = event_days_since(newest_load(this)) if is_incremental() else [] -%}
    {%- if days -%}
        delete from {{ this }}
        where event_date in (
            {%- for day in days -%}
            cast({{ timestamp_from_ms(day * 86400000) }} as date)
                {{- ", " if not loop.last }}
            {%- endfor -%}
        )
    {%- endif -%}
{%- endmacro %}


{#-
    Rows of `time` at which nothing was played. There are none unless staging was loaded
    anew, after which the ledger does not start at 1 any more, and not tested since.
-#}
{% macro forget_unplayed_times() -%}
    {%- if is_incremental() and run_query(
        'select coalesce(min(load_id), 0) as load_id from '
        ~ source('sparkify', 'loaded_files')
    ).rows[0]['load_id'] > [1, var('tested_load') | int] | max -%}
        delete from {{ this }}
        where start_time not in (select start_time from {{ ref('songplays') }})
    {%- endif -%}
{%- endmacro %}
