{#-
    The columns of a kind of file, events or songs, from the properties of its staging
    table. `meta` has the key in the JSON where it is not the name, `required` if an
    object without it is refused, `choice` if only these values are valid, `is_id` if a
    number in place of the text must be whole, and the `range` that the marts can hold.
    The load removes white space around texts that identify a row.
-#}
{% macro staging_columns(kind) %}
    {% set columns, table = [], graph.sources['source.sparkify.sparkify.staging_' ~ kind] %}
    {#- The latest time that an event can have. -#}
    {% set tomorrow = '86400000 + '
        ~ dbt.datediff("timestamp '1970-01-01'", utc_now(), 'millisecond') %}
    {% for column in table.columns.values() if column.name != '_load_id' %}
        {% set meta, type = column.meta, column.data_type %}
        {% set is_text, is_id = '(' in type, meta.get('is_id', false) %}
        {% set range = meta.get('range', []) %}
        {% do columns.append({
            'name': column.name,
            'key': meta.get('key', column.name),
            'type': type,
            'required': meta.get('required', false),
            'width': type.split('(')[1][:-1] | int if is_text else none,
            'choice': meta.get('choice'),
            'is_id': is_id,
            'is_trimmed': is_text and meta.get('required', false)
                and (is_id or column.name in staging_key(kind)),
            'range': [range[0], tomorrow] if 'tomorrow' in range else range,
            'range_words': 'epoch milliseconds between 2001 and tomorrow'
                if 'tomorrow' in range else 'from ' ~ range | join(' to '),
        }) %}
    {% endfor %}
    {{ return(columns) }}
{% endmacro %}


{#- The key of a row as a text for people; `rows` names the relation. -#}
{% macro row_key(kind, rows) -%}
    {%- for column in staging_key(kind) -%}
        {{ " || ' " if not loop.first else "'" }}{{ column }} ' || cast({{ rows }}.
        {{- column }} as varchar(64))
    {%- endfor -%}
{%- endmacro %}


{#- The key of a staging table. -#}
{% macro staging_key(kind) %}
    {{ return(graph.sources['source.sparkify.sparkify.staging_' ~ kind].config.meta.key) }}
{% endmacro %}
