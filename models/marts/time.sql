-- The calendar of every moment at which a song was started. An increment compares only
-- the stretch of time that newer loads touched.
{{ config(
    materialized='incremental',
    incremental_strategy='append',
    on_schema_change='append_new_columns',
    pre_hook='{{ start_time_increment() }}',
    sort='start_time',
    dist='start_time'
) }}

{% set stretch = arrived(this) if is_incremental() else '1 = 1' %}

with plays as (

    select * from {{ ref('songplays') }}
    where {{ stretch }}

),

moments as (

    select distinct start_time from plays
    {% if is_incremental() %}
    except
    select start_time from {{ this }}
    where {{ stretch }}
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
