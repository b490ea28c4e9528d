{{ config(
    description='A play with a song but no artist or no word on how it was matched, or the'
        ~ ' other way round.'
) }}

select
    songplay_id,
    song_id,
    artist_id,
    song_match
from {{ ref('songplays') }} as songplays
where {{ arrived(ref('songplays')) }} and (
    (song_id is null and (artist_id is not null or song_match is not null))
    or (song_id is not null and (artist_id is null or song_match is null))
)
