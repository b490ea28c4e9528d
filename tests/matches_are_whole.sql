{{ config(
    description='song_match does not say what a play has: a song, an artist, or neither.'
) }}

select
    songplay_id,
    song_id,
    artist_id,
    song_match
from {{ ref('songplays') }}
where {{ new_since_tested(ref('songplays'), each_alone=true) }} and (
    case
        when song_id is not null then 'song'
        when artist_id is not null then 'artist'
        else 'nothing'
    end
    <> case
        when song_match in ('exact', 'title and artist') then 'song'
        else coalesce(song_match, 'nothing')
    end
    or (song_id is not null and artist_id is null)
)
