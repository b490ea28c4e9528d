-- The logs' events with our names and types. Key of an event: session, item, page and
-- time, which the load keeps unique.
--
-- Title and artist of a play are cleaned once per recording, in int_recordings, and a
-- user's names once per step, in int_user_steps: both are far fewer than the events.
-- Here title and artist are a key: never null, and without the trailing blanks that
-- Redshift ignores when it compares.
with events as (

    select * from {{ source('sparkify', 'staging_events') }}

),

cleaned as (

    select
        md5(
            cast(session_id as varchar(20)) || '|'
            || cast(item_in_session as varchar(20)) || '|'
            || page || '|'
            || cast(ts as varchar(20))
        ) as event_id,
        session_id,
        item_in_session,
        {{ blank_to_null('user_id') }} as user_id,
        first_name as raw_first_name,
        last_name as raw_last_name,
        gender,
        level,
        page,
        auth,
        method,
        {{ without_trailing_blanks('song') }} as raw_title,
        {{ without_trailing_blanks('artist') }} as raw_artist,
        {{ clean_text('location') }} as location,
        {{ blank_to_null('user_agent') }} as user_agent,
        status,
        {{ to_decimal('length', 10) }} as duration,
        ts as occurred_ms,
        {{ timestamp_from_ms('ts') }} as occurred_at,
        {{ timestamp_from_ms('floor(registration)') }} as registered_at,
        _load_id
    from events

)

-- An area across states ('NY-NJ-PA') is in the first one named, as its first city is.
select
    *,
    nullif(split_part(split_part(location, ', ', 2), '-', 1), '') as state
from cleaned
