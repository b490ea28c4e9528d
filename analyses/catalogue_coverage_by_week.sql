-- What share of the plays does the catalogue know? By week (UTC), named by its
-- Monday: matched is title and artist alike, exact is the duration too; a week without
-- plays has no row.
with plays as (

    select * from {{ ref('songplays') }}

),

weeks as (

    select
        cast(date_trunc('week', start_time) as date) as week,
        count(*) as plays,
        count(song_id) as matched,
        count(case when song_match = 'exact' then 1 end) as exact
    from plays
    group by cast(date_trunc('week', start_time) as date)

)

select
    week,
    plays,
    matched,
    exact,
    {{ rounded_ratio('100 * matched', 'plays') }} as percent_matched
from weeks
order by week
