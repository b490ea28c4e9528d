{{ config(
    description='The ledger and the rows of a load disagree: something else wrote to staging.'
) }}

-- Loaded rows less superseded rows are in staging; rejected lines stay.
with ledger as (

    select
        load_id,
        source,
        sum(rows_loaded) as rows_loaded,
        sum(rows_rejected) as rows_rejected
    from {{ source('sparkify', 'loaded_files') }}
    group by load_id, source

),

staged as (

    select
        _load_id as load_id,
        'events' as source,
        count(*) as row_count
    from {{ source('sparkify', 'staging_events') }}
    group by _load_id

    union all

    select
        _load_id as load_id,
        'songs' as source,
        count(*) as row_count
    from {{ source('sparkify', 'staging_songs') }}
    group by _load_id

),

rejected as (

    select
        load_id,
        source,
        count(*) as row_count
    from {{ source('sparkify', 'rejected_rows') }}
    group by load_id, source

),

superseded as (

    select
        superseded_load_id as load_id,
        source,
        sum(row_count) as row_count
    from {{ source('sparkify', 'superseded_rows') }}
    group by superseded_load_id, source

),

compared as (

    select
        coalesce(ledger.load_id, staged.load_id, rejected.load_id) as load_id,
        coalesce(ledger.source, staged.source, rejected.source) as source,
        coalesce(ledger.rows_loaded, 0)
        - coalesce(superseded.row_count, 0) as rows_left,
        coalesce(ledger.rows_rejected, 0) as rows_rejected,
        coalesce(staged.row_count, 0) as rows_staged,
        coalesce(rejected.row_count, 0) as rows_kept
    from ledger
    full outer join staged
        on ledger.load_id = staged.load_id
        and ledger.source = staged.source
    full outer join rejected
        on ledger.load_id = rejected.load_id
        and ledger.source = rejected.source
    left join superseded
        on ledger.load_id = superseded.load_id
        and ledger.source = superseded.source

)

select * from compared
where rows_staged <> rows_left or rows_kept <> rows_rejected
