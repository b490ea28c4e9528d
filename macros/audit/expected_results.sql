{#-
    The counts in seeds/expected_results.csv against those of the warehouse, one row
    each: counted_by, name, expected, actual, difference. The earlier system's counts are
    those of the analyses `earlier_system_<name>`.
-#}
{% macro expected_against_actual() -%}
    select
        expected_results.counted_by,
        expected_results.name,
        expected_results.expected,
        counts.actual,
        counts.actual - expected_results.expected as difference
    from {{ ref('expected_results') }}
    left join (
        select
            cast('this_warehouse' as varchar(16)) as counted_by,
            cast(name as varchar(32)) as name,
            row_count as actual
        from (
            {{ warehouse_counts() }}
        ) as this_warehouse
        where kind in ('staging', 'marts', 'match')
        {%- for name, analysis in graph.get('nodes', {}).items()
            if name.startswith('analysis.sparkify.earlier_system_') %}
        union all
        select
            'earlier_system',
            '{{ name.split('earlier_system_') | last }}',
            earlier_system.*
        from (
            {{ render(analysis.raw_code) }}
        ) as earlier_system
        {%- endfor %}
    ) as counts
        on expected_results.counted_by = counts.counted_by
        and expected_results.name = counts.name
{%- endmacro %}


{#-
    The plays that the earlier system kept. Its durations were bare decimal, which is
    decimal(18, 0) on Redshift. A bare decimal and the rounding of a cast differ by engine,
    so halves are rounded up here. The real data has no halves, and its durations match the
    same plays when cut off.
-#}
{% macro earlier_system_songplays() -%}
    select events.ts
    from {{ source('sparkify', 'staging_events') }} as events
    inner join {{ source('sparkify', 'staging_songs') }} as songs
        on events.song = songs.title
        and events.artist = songs.artist_name
        and floor(events.length + 0.5) = floor(songs.duration + 0.5)
    where events.page = 'NextSong'
{%- endmacro %}
