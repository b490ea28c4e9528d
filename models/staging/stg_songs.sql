-- The catalogue's songs with our names and types; year 0 is how it says unknown.
with songs as (

    select * from {{ source('sparkify', 'staging_songs') }}

),

cleaned as (

    select
        song_id,
        artist_id,
        {{ clean_text('title') }} as title,
        {{ clean_text('artist_name') }} as artist_name,
        {{ clean_text('artist_location') }} as artist_location,
        {{ to_decimal('artist_latitude', 9) }} as artist_latitude,
        {{ to_decimal('artist_longitude', 9) }} as artist_longitude,
        nullif(cast(year as integer), 0) as year,
        {{ to_decimal('duration', 10) }} as duration,
        _load_id
    from songs

)

select * from cleaned
