{#-
    The days on which the events of newer loads fall, as literal numbers of days since
    1970: a join with a query would read all events to find those of a day.
-#}
{% macro event_days_since(load_id) %}
    {%- if not execute -%}{{ return([]) }}{%- endif -%}
    {{ return(run_query(
        'select distinct cast(floor(occurred_ms / 86400000.0) as bigint) as event_day'
        ~ ' from ' ~ ref('stg_events') ~ ' where _load_id > ' ~ load_id
        ~ ' order by event_day'
    ).columns[0].values() | list) }}
{% endmacro %}


{#- The first and the last moment of the plays that newer loads added or changed. -#}
{% macro play_times_since(load_id) %}
    {%- if not execute -%}{{ return({}) }}{%- endif -%}
    {{ return(run_query(
        'select min(start_time) as first, max(start_time) as last from '
        ~ ref('songplays').render() ~ ' where _load_id > ' ~ load_id
    ).rows[0]) }}
{% endmacro %}


{#- Whether newer loads brought songs, which may change the match of old plays. -#}
{% macro has_songs_since(load_id) %}
    {%- if not execute -%}{{ return(true) }}{%- endif -%}
    {{ return(run_query(
        'select count(*) as files from '
        ~ source('sparkify', 'loaded_files').render()
        ~ " where source = 'songs' and load_id > " ~ load_id
    ).rows[0]['files'] > 0) }}
{% endmacro %}
