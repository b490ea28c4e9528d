-- One row per artist. The catalogue spells some artists in several ways: the fullest
-- spelling wins. Content alone decides, so the order of arrival does not matter.
--
-- A corrected song may change the artist that it had before, which staging no longer
-- holds. So an increment ranks all spellings, but only after new songs, and writes the
-- artists that differ.
{{ config(
    materialized='incremental',
    incremental_strategy='changed_rows',
    unique_key='artist_id',
    sort='artist_id'
) }}

with songs as (

    select * from {{ ref('stg_songs') }}
    {% if is_incremental() and not has_songs_since(watermark(this)) %}
    where 1 = 0
    {% endif %}

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
                case when artist_latitude is not null then 0 else 1 end asc,
                case when artist_location is not null then 0 else 1 end asc,
                song_count desc nulls last,
                artist_name asc,
                artist_location asc,
                artist_latitude asc,
                artist_longitude asc
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
