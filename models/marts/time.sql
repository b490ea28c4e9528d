-- The calendar of every moment at which a song was started. An increment compares only
-- the stretch of time that newer loads touched.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    sort='start_time'
) }}

{% set since = watermark(this) if is_incremental() else 0 %}
{% set times = span_since(since, ref('songplays'), 'start_time')
    if is_incremental() %}

with plays as (

    select * from {{ ref('songplays') }}
    {% if is_incremental() %}
    where _load_id > {{ since }}
    {% endif %}

),

moments as (

    select distinct start_time from plays
    {% if times and times['first'] is not none %}
    except
    select start_time from {{ this }}
    where start_time between '{{ times['first'] }}' and '{{ times['last'] }}'
    {% endif %}

)

select
    start_time,
    cast(extract(hour from start_time) as integer) as hour,
    cast(extract(day from start_time) as integer) as day,
    cast(extract(week from start_time) as integer) as week,
    cast(extract(month from start_time) as integer) as month,
    cast(extract(year from start_time) as integer) as year,
    cast(extract(dow from start_time) as integer) as weekday
from moments
