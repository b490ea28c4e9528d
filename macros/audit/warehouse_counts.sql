{#-
    The counts of a summary, in its order: rows of staging and of every mart that is
    built, and how many plays found their song.
-#}
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
    from {{ relation }}
    {{ "where " ~ condition if condition }}
    {% endfor %}
    order by place
{% endmacro %}
