-- Who upgraded or downgraded, and when? A change is the start of a spell that follows
-- another one, so a user's first level is not a change.
with spells as (

    select * from {{ ref('user_levels') }}

),

steps as (

    select
        user_id,
        lag(level) over (
            partition by user_id
            order by valid_from
        ) as old_level,
        level as new_level,
        valid_from as changed_at
    from spells

)

select
    user_id,
    old_level,
    new_level,
    case
        when new_level = 'paid' then 'upgrade'
        else 'downgrade'
    end as change,
    changed_at
from steps
where old_level is not null
order by
    changed_at,
    user_id
