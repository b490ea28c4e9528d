-- How much would licensing add? The first 10, 100 and 1,000 songs of songs_to_license:
-- their plays, in percent of the plays that lack a song and of all plays.
with plays as (

    select * from {{ ref('songplays') }}

),

total as (

    select
        count(*) as plays,
        count(*) - count(song_id) as missing_plays
    from plays

),

songs as (

    select
        song_title,
        artist_name,
        count(*) as plays,
        count(distinct user_id) as listeners
    from plays
    where song_id is null
    group by
        song_title,
        artist_name

),

ranked as (

    select
        plays,
        row_number() over (
            order by
                plays desc nulls last,
                listeners desc nulls last,
                song_title asc,
                artist_name asc
        ) as place
    from songs

),

sizes as (

    select 10 as songs
    union all
    select 100 as songs
    union all
    select 1000 as songs

),

added as (

    select
        sizes.songs,
        sum(ranked.plays) as plays
    from sizes
    inner join ranked
        on sizes.songs >= ranked.place
    group by sizes.songs

)

select
    added.songs,
    added.plays,
    total.missing_plays,
    {{ rounded_ratio('100 * added.plays', 'total.missing_plays') }}
        as percent_of_missing,
    {{ rounded_ratio('100 * added.plays', 'total.plays') }} as percent_of_plays
from added
cross join total
order by added.songs
