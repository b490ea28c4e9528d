{#-
    The counts in seeds/expected_results.csv against what the warehouse holds, a row
    each, with the columns kind, name, expected, actual and difference.
-#}
{% macro expected_against_actual() -%}
    {%- set staging = ['staging_events', 'staging_songs'] -%}
    {%- set published = {
        'songplays': published_songplays(),
        'users': published_users(),
        'songs': published_songs(),
        'artists': published_artists(),
        'time': published_time(),
    } -%}
    select
        expected_results.kind,
        expected_results.name,
        expected_results.expected,
        counts.actual,
        counts.actual - expected_results.expected as difference
    from {{ ref('expected_results') }} as expected_results
    left join (
        {%- for table in staging %}
        {{ named_count('keyed', table, source('sparkify', table)) }}
        union all
        {{ named_count('published', table, source('sparkify', table)) }}
        union all
        {%- endfor %}
        {%- for mart in marts() %}
        {{ named_count('keyed', mart, ref(mart)) }}
        union all
        {%- endfor %}
        {%- for name, rows in published.items() %}
        {{ named_count('published', name, '(' ~ rows ~ ')') }}
        union all
        {%- endfor %}
        {{ named_count('keyed', 'matched', ref('songplays'), 'song_match') }}
        union all
        {{ named_count(
            'keyed', 'exact', ref('songplays'),
            "case when song_match = 'exact' then 1 end"
        ) }}
    ) as counts
        on expected_results.kind = counts.kind
        and expected_results.name = counts.name
{%- endmacro %}


{% macro named_count(kind, name, rows, counted='*') -%}
    select
        cast('{{ kind }}' as varchar(16)) as kind,
        cast('{{ name }}' as varchar(32)) as name,
        count({{ counted }}) as actual
    from {{ rows }} as counted_rows
{%- endmacro %}


{#-
    Which files are loaded, told by their bytes alone: the hash of the ledger's distinct
    etags. The var `real_data_etags` is what this gives for the real data.
-#}
{% macro loaded_etags() -%}
    select fingerprint
    from (
        {{ set_fingerprint(
            '(select distinct etag from '
            ~ source('sparkify', 'loaded_files') ~ ' as loaded_files) as etags',
            'etag'
        ) }}
    ) as etags_fingerprint
{%- endmacro %}
