{#-
    The rows that an earlier system counted, one macro for each of its tables. They come
    from the text of the files as it is: not repaired, and distinct instead of keyed.
    Each has an analysis that says why its count differs from the mart's.
-#}
{% macro earlier_system_songs() -%}
    select distinct
        song_id,
        title,
        artist_id,
        year,
        duration
    from {{ source('sparkify', 'staging_songs') }}
{%- endmacro %}


{% macro earlier_system_artists() -%}
    select distinct
        artist_id,
        artist_name,
        artist_location,
        artist_latitude,
        artist_longitude
    from {{ source('sparkify', 'staging_songs') }}
{%- endmacro %}


{% macro earlier_system_users() -%}
    select distinct
        user_id,
        first_name,
        last_name,
        gender,
        level
    from {{ source('sparkify', 'staging_events') }}
    where page = 'NextSong'
{%- endmacro %}


{#-
    That system kept durations as bare decimal, which is decimal(18, 0) on Redshift: whole
    seconds. A bare decimal differs by engine, and so does the rounding of a cast, so the
    whole seconds are computed here. Halves go up. The real data has no halves, and its
    durations match the same plays when they are cut off instead of rounded.
-#}
{% macro earlier_system_songplays() -%}
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


{% macro earlier_system_time() -%}
    select distinct ts
    from (
        {{ earlier_system_songplays() }}
    ) as earlier_system_songplays
{%- endmacro %}
