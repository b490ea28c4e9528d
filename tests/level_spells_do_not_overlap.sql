{{ config(
    description='A user has two levels at once, none, or the same one twice in a row.'
) }}

with spells as (

    select
        user_id,
        level,
        valid_from,
        valid_to,
        is_current,
        lead(valid_from) over (
            partition by user_id
            order by valid_from
        ) as next_from,
        lead(level) over (
            partition by user_id
            order by valid_from
        ) as next_level
    from {{ ref('user_levels') }}

)

select * from spells
where
    coalesce(valid_to, timestamp '9999-12-31')
    <> coalesce(next_from, timestamp '9999-12-31')
    or level = next_level
    or (valid_to is null and not is_current)
    or (valid_to is not null and is_current)
