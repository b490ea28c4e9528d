-- The calendar of every moment at which a song was started. An increment compares only
-- the stretch of time that newer loads touched.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook='{{ start_increment(ref("songplays")) }}',
    post_hook='{{ note_increment(ref("songplays")) }}',
    sort='start_time'
) }}

{% set since = newest_load(this) if is_incremental() else 0 %}
{% set times = play_times_since(since) if is_incremental() else none %}

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
