{{ config(
    description='A play has a song but no artist or no song_match, or one of these but'
        ~ ' no song.'
) }}

select
    songplay_id,
    song_id,
    artist_id,
    song_match
from {{ ref('songplays') }}
where {{ arrived(ref('songplays'), each_alone=true) }} and (
    (song_id is null and (artist_id is not null or song_match is not null))
    or (song_id is not null and (artist_id is null or song_match is null))
)
