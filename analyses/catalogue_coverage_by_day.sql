-- What share of the plays does the catalogue know? By day (UTC): matched is title and
-- artist alike, exact is the duration too; a day without plays has no row.
with plays as (

    select * from {{ ref('songplays') }}

),

days as (

    select
        cast(start_time as date) as day,
        count(*) as plays,
        count(song_id) as matched,
        count(case when song_match = 'exact' then 1 end) as exact
    from plays
    group by cast(start_time as date)

)

select
    day,
    plays,
    matched,
    exact,
    {{ rounded_ratio('100 * matched', 'plays') }} as percent_matched
from days
order by day
