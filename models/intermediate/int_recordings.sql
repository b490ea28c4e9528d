-- What the logs call a song, once: title, artist and length as they came, cleaned and
-- matched to the catalogue. `songplays` has far more rows, so it neither cleans nor
-- matches.
--
-- An increment adds the recordings of new plays. If songs came, it matches all
-- recordings again and replaces those whose match changed. A recording stays when a
-- corrected log no longer plays it.
{{ config(
    materialized='incremental',
    incremental_strategy='bounded_delete_insert',
    unique_key='recording_id',
    sort='recording_id',
    dist='auto'
) }}

{% set since = watermark(this) if is_incremental() else 0 %}
{% set songs_changed = is_incremental() and has_songs_since(since) %}

with songs as (

    select * from {{ ref('stg_songs') }}

),

raw_recordings as (

    select distinct
        raw_title,
        raw_artist,
        duration
    from {{ ref('stg_events') }}
    where page = 'NextSong' and _load_id > {{ since }}

),

played as (

    select
        md5(
            raw_title || chr(31) || raw_artist || chr(31)
            || coalesce(cast(duration as varchar(16)), '')
        ) as recording_id,
        raw_title,
        raw_artist,
        {{ clean_text('raw_title') }} as song_title,
        {{ clean_text('raw_artist') }} as artist_name,
        duration
    from raw_recordings

),

recordings as (

    select * from played
    {% if is_incremental() %}
    where recording_id not in (select recording_id from {{ this }})
    {% endif %}
    {% if songs_changed %}
    union all
    select
        recording_id,
        raw_title,
        raw_artist,
        song_title,
        artist_name,
        duration
    from {{ this }}
    {% endif %}

),

candidates as (

    select
        recordings.recording_id,
        songs.song_id,
        songs.artist_id,
        case
            when round(recordings.duration, 3) = round(songs.duration, 3) then 'exact'
            else 'title and artist'
        end as song_match,
        row_number() over (
            partition by recordings.recording_id
            order by abs(recordings.duration - songs.duration), songs.song_id
        ) as closeness
    from recordings
    inner join songs
        on recordings.song_title = songs.title
        and recordings.artist_name = songs.artist_name

),

-- Names that one artist alone has, in any spelling of the catalogue.
artist_names as (

    select
        artist_name,
        max(artist_id) as artist_id
    from songs
    group by artist_name
    having min(artist_id) = max(artist_id)

),

matched as (

    select
        recordings.*,
        candidates.song_id,
        coalesce(candidates.artist_id, artist_names.artist_id) as artist_id,
        case
            when candidates.song_id is not null then candidates.song_match
            when artist_names.artist_id is not null then 'artist'
        end as song_match
    from recordings
    left join candidates
        on recordings.recording_id = candidates.recording_id
        and candidates.closeness = 1
    left join artist_names
        on recordings.artist_name = artist_names.artist_name

)

select
    matched.recording_id,
    matched.raw_title,
    matched.raw_artist,
    cast(matched.song_title as varchar(1024)) as song_title,
    cast(matched.artist_name as varchar(1024)) as artist_name,
    matched.duration,
    matched.song_id,
    matched.artist_id,
    cast(matched.song_match as varchar(16)) as song_match,
    ({{ newest_load_in(source('sparkify', 'loaded_files')) }}) as _load_id
from matched
{% if songs_changed %}
left join {{ this }} as known
    on matched.recording_id = known.recording_id
where
    known.recording_id is null
    or coalesce(known.song_id, '') <> coalesce(matched.song_id, '')
    or coalesce(known.artist_id, '') <> coalesce(matched.artist_id, '')
    or coalesce(known.song_match, '') <> coalesce(matched.song_match, '')
{% endif %}
