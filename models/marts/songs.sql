-- The catalogue's songs, each as last delivered. An increment takes the songs of new
-- loads and writes those that differ.
{{ config(
    materialized='incremental',
    incremental_strategy='bounded_delete_insert',
    unique_key='song_id',
    sort='song_id'
) }}

{% set columns %}song_id,
    title,
    artist_id,
    year,
    duration{% endset %}

with songs as (

    select * from {{ ref('stg_songs') }}
    {% if is_incremental() %}
    where _load_id > {{ watermark(this) }}
    {% endif %}

)

select
    {{ columns }}
from songs
{% if is_incremental() %}
except
select
    {{ columns }}
from {{ this }}
where song_id in (select song_id from songs)
{% endif %}
