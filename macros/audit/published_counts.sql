{#-
    The rows that an earlier system counted, one macro each, from the files' text as it
    came: nothing is repaired, and nothing is keyed but by being distinct. Each has its
    file in analyses/, which says why its count is not the mart's.
-#}
{% macro published_songs() -%}
    select distinct
        song_id,
        title,
        artist_id,
        year,
        duration
    from {{ source('sparkify', 'staging_songs') }} as staging_songs
{%- endmacro %}


{% macro published_artists() -%}
    select distinct
        artist_id,
        artist_name,
        artist_location,
        artist_latitude,
        artist_longitude
    from {{ source('sparkify', 'staging_songs') }} as staging_songs
{%- endmacro %}


{% macro published_users() -%}
    select distinct
        user_id,
        first_name,
        last_name,
        gender,
        level
    from {{ source('sparkify', 'staging_events') }} as staging_events
    where page = 'NextSong'
{%- endmacro %}


{#-
    That system kept durations as bare decimal: decimal(18, 0) on Redshift, so whole
    seconds. They are written out here, since a bare decimal is another type on each
    engine, and which way a cast to it rounds is not said. Halves go up; the real data
    has none, and cut off instead of rounded its durations match the same plays.
-#}
{% macro published_songplays() -%}
    select
        events.ts,
        events.session_id,
        events.item_in_session,
        songs.song_id
    from {{ source('sparkify', 'staging_events') }} as events
    inner join {{ source('sparkify', 'staging_songs') }} as songs
        on events.song = songs.title
        and events.artist = songs.artist_name
        and cast(floor(events.length + 0.5) as bigint)
            = cast(floor(songs.duration + 0.5) as bigint)
    where events.page = 'NextSong'
{%- endmacro %}


{% macro published_time() -%}
    select distinct ts
    from (
        {{ published_songplays() }}
    ) as published_songplays
{%- endmacro %}
