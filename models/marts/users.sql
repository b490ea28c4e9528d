-- Who listens, as of each user's latest event on any page.
{{ config(sort='user_id') }}

with steps as (

    select * from {{ ref('int_user_steps') }}
    where user_id <> ''

),

ranked as (

    select
        user_id,
        first_name,
        last_name,
        gender,
        level,
        row_number() over (
            partition by user_id
            order by occurred_at desc nulls last
        ) as recency
    from steps

)

select
    user_id,
    first_name,
    last_name,
    gender,
    level
from ranked
where recency = 1
