{#-
    Counts in the order of a summary: rows of staging and of every existing mart, plays
    with a match, and all loads. The first row has the record of the last tested build
    beside it, if there is one.
-#}
{% macro warehouse_counts() %}
    {% set songplays, ledger = ref('songplays'), source('sparkify', 'loaded_files') %}
    {% set counted = [
        ('staging', 'staging_events', source('sparkify', 'staging_events'), 'count(*)'),
        ('staging', 'staging_songs', source('sparkify', 'staging_songs'), 'count(*)'),
    ] %}
    {% for mart in marts() %}
        {% do counted.append(('marts', mart.identifier, mart, 'count(*)')) %}
    {% endfor %}
    {% do counted.extend([
        ('match', 'plays', songplays, 'count(*)'),
        ('match', 'matched', songplays, 'count(song_id)'),
        ('match', 'exact', songplays, "count(case when song_match = 'exact' then 1 end)"),
        ('load', 'files', ledger, 'count(*)'),
        ('load', 'rows', ledger, 'coalesce(sum(rows_loaded), 0)'),
        ('load', 'rejected', ledger, 'coalesce(sum(rows_rejected), 0)'),
        ('newest', 'load', ledger, 'coalesce(max(load_id), 0)'),
    ]) %}
    {% set tested = source('sparkify', 'tested_loads') %}
    {% set kinds = kinds_of(counted | map(attribute=2) | list + [tested]) %}
    {% set has_record = tested.identifier in kinds %}
    select
        counts.*
        {{- ', tested_loads.*' if has_record }}
    from (
        {%- for kind, name, relation, value in counted if relation.identifier in kinds %}
        {{ "union all" if not loop.first }}
        select
            {{ loop.index }} as position,
            '{{ kind }}' as kind,
            '{{ name }}' as name,
            '{{ kinds[relation.identifier] }}' as made_as,
            {{ value }} as row_count
        from {{ relation }}
        {%- else %}
        select 0 as position
        where 1 = 0
        {%- endfor %}
    ) as counts
    {%- if has_record %}
    left join {{ tested }} as tested_loads
        on counts.position = 1
    {%- endif %}
    order by counts.position
{% endmacro %}
