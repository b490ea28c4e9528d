-- One row per artist. The catalogue spells some artists in several ways: the spelling
-- that tells most wins, by content alone, so that the order of arrival can't matter.
-- On Redshift every node keeps a copy: it is small, and the fact joins it all the time.
{{ config(dist='all', sort='artist_id') }}

with songs as (

    select * from {{ ref('stg_songs') }} as stg_songs

),

spellings as (

    select
        artist_id,
        artist_name,
        artist_location,
        artist_latitude,
        artist_longitude,
        count(*) as song_count
    from songs
    group by
        artist_id,
        artist_name,
        artist_location,
        artist_latitude,
        artist_longitude

),

ranked as (

    select
        *,
        row_number() over (
            partition by artist_id
            order by
                case when artist_latitude is not null then 0 else 1 end asc nulls last,
                case when artist_location is not null then 0 else 1 end asc nulls last,
                song_count desc nulls last,
                artist_name asc nulls last,
                artist_location asc nulls last,
                artist_latitude asc nulls last,
                artist_longitude asc nulls last
        ) as preference
    from spellings

)

select
    artist_id,
    artist_name as name,
    artist_location as location,
    artist_latitude as latitude,
    artist_longitude as longitude
from ranked
where preference = 1
