-- With which browser, on which platform? The first rule that fits decides, since agents
-- name their ancestors too (Edge says Chrome, Chrome says Safari, Android says Linux).
with plays as (

    select * from {{ ref('songplays') }}

),

families as (

    select
        user_id,
        case
            when user_agent like '%MSIE %' then 'Internet Explorer'
            when user_agent like '%Trident/%' then 'Internet Explorer'
            when user_agent like '%Firefox/%' then 'Firefox'
            when user_agent like '%Edg%' then 'Edge'
            when user_agent like '%OPR/%' then 'Opera'
            when user_agent like '%Chrome/%' then 'Chrome'
            when user_agent like '%Safari/%' then 'Safari'
            when user_agent is not null then 'other'
        end as browser,
        case
            when user_agent like '%iPhone%' then 'iOS'
            when user_agent like '%iPad%' then 'iOS'
            when user_agent like '%Android%' then 'Android'
            when user_agent like '%Windows%' then 'Windows'
            when user_agent like '%Macintosh%' then 'macOS'
            when user_agent like '%Linux%' then 'Linux'
            when user_agent is not null then 'other'
        end as platform
    from plays

)

select
    browser,
    platform,
    count(*) as plays,
    count(distinct user_id) as listeners
from families
group by
    browser,
    platform
order by
    plays desc nulls last,
    listeners desc nulls last,
    browser asc,
    platform asc
