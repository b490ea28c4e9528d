{#- Every load, the newest first. A file is changed if it was delivered before. -#}
{% macro load_history() %}
    select
        load_id,
        count(*) as files,
        sum(case when delivery > 1 then 1 else 0 end) as changed,
        sum(rows_loaded) as rows,
        sum(rows_rejected) as rejected,
        left(cast(max(loaded_at) as varchar(30)), 19) as loaded_at
    from (
        select
            loaded_files.*,
            row_number() over (
                partition by source, path
                order by load_id
            ) as delivery
        from {{ source('sparkify', 'loaded_files') }} as loaded_files
    ) as deliveries
    group by load_id
    order by load_id desc nulls last
{% endmacro %}
