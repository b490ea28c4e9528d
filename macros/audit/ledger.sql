{#- The latest delivery of every file that the ledger knows. -#}
{% macro known_files() %}
    with ordered as (

        select
            source,
            path,
            etag,
            bytes,
            load_id,
            row_number() over (
                partition by source, path
                order by load_id desc nulls last
            ) as recency
        from {{ source('sparkify', 'loaded_files') }} as loaded_files

    )

    select
        ordered.source,
        ordered.path,
        ordered.etag,
        ordered.bytes,
        ordered.load_id,
        file_times.modified_ns
    from ordered
    left join {{ source('sparkify', 'file_times') }} as file_times
        on ordered.path = file_times.path
        and ordered.etag = file_times.etag
        and ordered.bytes = file_times.bytes
    where ordered.recency = 1
{% endmacro %}


{#- Files, rows and refused lines of all loads after a given one. -#}
{% macro loaded_since(load_id) %}
    select
        count(*) as files,
        coalesce(sum(rows_loaded), 0) as rows_loaded,
        coalesce(sum(rows_rejected), 0) as rows_rejected
    from {{ source('sparkify', 'loaded_files') }} as loaded_files
    where load_id > {{ load_id | int }}
{% endmacro %}


{#- Every load, the newest first; a file is changed if it was delivered before. -#}
{% macro load_history() %}
    with deliveries as (

        select
            load_id,
            loaded_at,
            rows_loaded,
            rows_rejected,
            row_number() over (
                partition by source, path
                order by load_id asc nulls last
            ) as delivery
        from {{ source('sparkify', 'loaded_files') }} as loaded_files

    )

    select
        load_id,
        max(loaded_at) as loaded_at,
        count(*) as files,
        sum(rows_loaded) as rows_loaded,
        sum(rows_rejected) as rows_rejected,
        sum(case when delivery > 1 then 1 else 0 end) as files_changed
    from deliveries
    group by load_id
    order by load_id desc nulls last
{% endmacro %}


{#- The files of those loads in which there was nothing to load. -#}
{% macro empty_files_since(load_id) %}
    select path
    from {{ source('sparkify', 'loaded_files') }} as loaded_files
    where load_id > {{ load_id | int }}
        and rows_loaded = 0
        and rows_rejected = 0
    order by path asc nulls last
{% endmacro %}


{#- What the summary says, in its order: rows, and how many plays found their song. -#}
{% macro warehouse_counts() %}
    {% set counted = [] %}
    {% for name in ['staging_events', 'staging_songs'] %}
        {% do counted.append(['staging', name, source('sparkify', name), none]) %}
    {% endfor %}
    {% for name in marts() %}
        {% do counted.append(['marts', name, ref(name), none]) %}
    {% endfor %}
    {% for name, condition in [
        ('plays', none),
        ('matched', 'song_match is not null'),
        ('exact', "song_match = 'exact'"),
    ] %}
        {% do counted.append(['match', name, ref('songplays'), condition]) %}
    {% endfor %}
    {% for kind, name, relation, condition in counted
        if kind == 'staging' or (execute and load_relation(relation)) %}
    {{ "union all" if not loop.first }}
    select
        {{ loop.index }} as place,
        '{{ kind }}' as kind,
        '{{ name }}' as name,
        count(*) as row_count
    from {{ relation }} as counted
    {{ "where " ~ condition if condition }}
    {% endfor %}
    order by place asc nulls last
{% endmacro %}
