-- Who sees the page to change plans, and who of them submits? Users, each once, at any
-- time. A change without users has zeros.
with users_of_pages as (

    select distinct
        page,
        user_id
    from {{ ref('page_views') }}
    where user_id is not null

),

changes as (

    select
        1 as place,
        cast('upgrade' as varchar(16)) as change,
        cast('Upgrade' as varchar(16)) as page,
        cast('Submit Upgrade' as varchar(16)) as submit_page
    union all
    select
        2 as place,
        cast('downgrade' as varchar(16)) as change,
        cast('Downgrade' as varchar(16)) as page,
        cast('Submit Downgrade' as varchar(16)) as submit_page

),

counted as (

    select
        changes.place,
        changes.change,
        count(distinct viewers.user_id) as saw,
        count(distinct submitters.user_id) as submitted
    from changes
    left join users_of_pages as viewers
        on changes.page = viewers.page
    left join users_of_pages as submitters
        on changes.submit_page = submitters.page
        and viewers.user_id = submitters.user_id
    group by
        changes.place,
        changes.change

)

select
    change,
    saw,
    submitted,
    {{ rounded_ratio('100 * submitted', 'saw') }} as percent_submitted
from counted
order by place
