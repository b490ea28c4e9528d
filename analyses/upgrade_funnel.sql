-- Who sees the page to change plans, and who then submits? Users, each once, at any
-- time. A change without users has zeros.
with page_views as (

    select * from {{ ref('page_views') }}

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
        count(distinct case when page_views.page = changes.page then page_views.user_id end)
            as saw,
        count(distinct
            case when page_views.page = changes.submit_page then page_views.user_id end
        ) as submitted
    from changes
    left join page_views
        on page_views.page in (changes.page, changes.submit_page)
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
