{#-
    The counts in seeds/expected_results.csv against what the warehouse holds, one row
    each: counted_by, name, expected, actual, difference.
-#}
{% macro expected_against_actual() -%}
    {%- set staging = ['staging_events', 'staging_songs'] -%}
    {%- set earlier_system = {
        'songplays': earlier_system_songplays(),
        'users': earlier_system_users(),
        'songs': earlier_system_songs(),
        'artists': earlier_system_artists(),
        'time': earlier_system_time(),
    } -%}
    select
        expected_results.counted_by,
        expected_results.name,
        expected_results.expected,
        counts.actual,
        counts.actual - expected_results.expected as difference
    from {{ ref('expected_results') }}
    left join (
        {%- for table in staging %}
        {{ named_count('this_warehouse', table, source('sparkify', table)) }}
        union all
        {{ named_count('earlier_system', table, source('sparkify', table)) }}
        union all
        {%- endfor %}
        {%- for mart in [
            'songplays', 'page_views', 'users', 'songs', 'artists', 'time', 'dates',
            'user_levels'
        ] %}
        {{ named_count('this_warehouse', mart, ref(mart)) }}
        union all
        {%- endfor %}
        {%- for name, rows in earlier_system.items() %}
        {{ named_count('earlier_system', name, '(' ~ rows ~ ')') }}
        union all
        {%- endfor %}
        {{ named_count('this_warehouse', 'matched', ref('songplays'), 'song_id') }}
        union all
        {{ named_count(
            'this_warehouse', 'exact', ref('songplays'),
            "case when song_match = 'exact' then 1 end"
        ) }}
    ) as counts
        on expected_results.counted_by = counts.counted_by
        and expected_results.name = counts.name
{%- endmacro %}


{% macro named_count(counted_by, name, rows, counted='*') -%}
    select
        cast('{{ counted_by }}' as varchar(16)) as counted_by,
        cast('{{ name }}' as varchar(32)) as name,
        count({{ counted }}) as actual
    from {{ rows }} as counted_rows
{%- endmacro %}


{#-
    A hash of the distinct etags in the ledger: it says which files are loaded, by their
    content alone. The var `real_data_etags` holds the hashes of the real data.
-#}
{% macro loaded_etags() -%}
    select fingerprint
    from (
        {{ set_fingerprint(
            '(select distinct etag from '
            ~ source('sparkify', 'loaded_files') ~ ') as etags',
            'etag'
        ) }}
    ) as etags_fingerprint
{%- endmacro %}
