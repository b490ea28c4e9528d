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
        registered_at,
        min(occurred_at) over (partition by user_id) as first_seen_at,
        occurred_at as last_seen_at,
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
    level,
    registered_at,
    first_seen_at,
    last_seen_at
from ranked
where recency = 1
