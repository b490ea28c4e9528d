-- Every event that is not a play. Together with `songplays` these are all events.
{{ config(
    materialized='incremental',
    incremental_strategy='bounded_delete_insert',
    unique_key='page_view_id',
    sort='occurred_at'
) }}

{% set since = watermark(this) if is_incremental() else 0 %}

with events as (

    select * from {{ ref('stg_events') }}
    where page <> 'NextSong' and _load_id > {{ since }}

)

select
    event_id as page_view_id,
    occurred_at,
    user_id,
    level,
    session_id,
    item_in_session,
    page,
    method,
    status,
    auth,
    location,
    state,
    user_agent,
    _load_id
from events
