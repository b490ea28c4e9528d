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
