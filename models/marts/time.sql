-- The calendar of every moment at which a song was started.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook="{{ forget_unplayed_times() }}",
    sort='start_time',
    dist='start_time'
) }}

with plays as (

    select * from {{ ref('songplays') }} as songplays

),

moments as (

    select distinct plays.start_time
    from plays
    {% if is_incremental() %}
    left join {{ this }} as known
        on plays.start_time = known.start_time
    where known.start_time is null
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
