-- Every event that is not a play. Together with `songplays` these are all events.
{{ config(
    materialized='incremental',
    incremental_strategy='bounded_delete_insert',
    unique_key='page_view_id',
    on_schema_change='append_new_columns',
    sort='occurred_at'
) }}

with events as (

    select * from {{ ref('stg_events') }}
    where page <> 'NextSong'
    {%- if is_incremental() %} and _load_id > {{ watermark(this) }}{% endif %}

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
