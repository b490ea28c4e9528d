-- The calendar: every day (UTC) from the first event to the last, also those on which
-- nothing happened. A hundred years are enough: the load refuses a time before 2001.
{{ config(sort='date') }}

with days as (

    select
        min(event_date) as first_date,
        1 + {{ dbt.datediff('min(event_date)', 'max(event_date)', 'day') }}
            as day_count
    from {{ ref('int_user_steps') }}

),

numbers as (

    select cast(series.generated_number - 1 as integer) as days_later
    from (
        {{ dbt.generate_series(36525) }}
    ) as series

),

calendar as (

    select
        cast(
            {{ dbt.dateadd('day', 'numbers.days_later', 'days.first_date') }} as date
        ) as date
    from days
    inner join numbers
        on days.day_count > numbers.days_later

),

weeks as (

    select
        date,
        cast(date_trunc('week', date) as date) as monday
    from calendar

),

-- An ISO week belongs to the year of its Thursday.
numbered as (

    select
        date,
        {{ dbt.dateadd('day', 3, 'monday') }} as thursday,
        1 + {{ dbt.datediff('monday', 'date', 'day') }}
            as weekday
    from weeks

)

select
    date,
    cast(extract(year from date) as integer) as year,
    cast(extract(year from thursday) as integer) as iso_year,
    cast(extract(week from date) as integer) as iso_week,
    cast(extract(month from date) as integer) as month,
    cast(extract(day from date) as integer) as day,
    cast(weekday as integer) as weekday,
    case when weekday > 5 then true else false end as is_weekend -- noqa: ST02
from numbered
