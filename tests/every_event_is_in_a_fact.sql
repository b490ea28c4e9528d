{{ config(
    description='songplays or page_views lacks events of a day, or has rows without event.'
) }}

-- Counts and sums by day find what an increment lost or took twice, without the keys of
-- all events. Row by row the tests `..._equals_a_rebuild` compare.
{% set span = span_since(var('tested_load') | int, ref('stg_events'), 'occurred_ms')
    if var('tested_load') %}
{% set facts = {'songplays': 'start_time', 'page_views': 'occurred_at'} %}
with events as (

    select
        case when page = 'NextSong' then 'songplays' else 'page_views' end as fact,
        cast(occurred_at as date) as event_date,
        count(*) as row_count,
        sum(session_id) as sessions
    from {{ ref('stg_events') }}
    where {{ new_since_tested(ref('stg_events')) }}
    group by
        case when page = 'NextSong' then 'songplays' else 'page_views' end,
        cast(occurred_at as date)

),

facts as (

    {% for fact, occurred_at in facts.items() %}
    select
        '{{ fact }}' as fact,
        cast({{ occurred_at }} as date) as event_date,
        count(*) as row_count,
        sum(session_id) as sessions
    from {{ ref(fact) }}
    {% if span %}
    where
        {{ occurred_at }} between {{ timestamp_from_ms(span['first'] or 0) }}
        and {{ timestamp_from_ms(span['last'] or 0) }}
    {% endif %}
    group by cast({{ occurred_at }} as date)
    {{ 'union all' if not loop.last }}
    {% endfor %}

)

select
    coalesce(events.fact, facts.fact) as fact,
    coalesce(events.event_date, facts.event_date) as event_date,
    coalesce(events.row_count, 0) as events,
    coalesce(facts.row_count, 0) as rows_in_fact
from events
full outer join facts
    on events.fact = facts.fact
    and events.event_date = facts.event_date
where
    coalesce(events.row_count, 0) <> coalesce(facts.row_count, 0)
    or coalesce(events.sessions, 0) <> coalesce(facts.sessions, 0)
