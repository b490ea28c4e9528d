{#-
    The columns of a kind of file, events or songs: name, key in the JSON, type, and
    whether an object without it is refused. A text has its `width` in bytes, `choice` if
    only these values are valid, `is_id` if a number in its place must be whole, and
    `is_trimmed` if it identifies a row, so that the load removes white space around it.
    A number has the `range` that the marts can hold, and the range in words. The order is
    that of the staging table, of most files' keys and, on Redshift, of the JSONPaths file.
-#}
{% macro staging_columns(kind) %}
    {% set columns = {
        'events': [
            ('artist', 'artist', 'varchar(1024)', false),
            ('auth', 'auth', 'varchar(64)', false),
            ('first_name', 'firstName', 'varchar(256)', false),
            ('gender', 'gender', 'varchar(64)', false),
            ('item_in_session', 'itemInSession', 'bigint', true),
            ('last_name', 'lastName', 'varchar(256)', false),
            ('length', 'length', 'double precision', false),
            ('level', 'level', 'varchar(64)', false),
            ('location', 'location', 'varchar(1024)', false),
            ('method', 'method', 'varchar(64)', false),
            ('page', 'page', 'varchar(64)', true),
            ('registration', 'registration', 'double precision', false),
            ('session_id', 'sessionId', 'bigint', true),
            ('song', 'song', 'varchar(1024)', false),
            ('status', 'status', 'bigint', false),
            ('ts', 'ts', 'bigint', true),
            ('user_agent', 'userAgent', 'varchar(1024)', false),
            ('user_id', 'userId', 'varchar(64)', false),
        ],
        'songs': [
            ('artist_id', 'artist_id', 'varchar(64)', true),
            ('artist_latitude', 'artist_latitude', 'double precision', false),
            ('artist_location', 'artist_location', 'varchar(1024)', false),
            ('artist_longitude', 'artist_longitude', 'double precision', false),
            ('artist_name', 'artist_name', 'varchar(1024)', true),
            ('duration', 'duration', 'double precision', false),
            ('num_songs', 'num_songs', 'bigint', false),
            ('song_id', 'song_id', 'varchar(64)', true),
            ('title', 'title', 'varchar(1024)', true),
            ('year', 'year', 'bigint', false),
        ],
    } %}
    {% set ranges = {
        'length': [0, 99999],
        'registration': [0, 253402300799999],
        'artist_latitude': [-90, 90],
        'artist_longitude': [-180, 180],
        'duration': [0, 99999],
        'year': [0, 9999],
        'ts': ['1000000000000', tomorrow_ms()],
    } %}
    {% set range_words = {'ts': 'epoch milliseconds between 2001 and tomorrow'} %}
    {% set choices = {'level': ['free', 'paid']} %}
    {% set ids = ['user_id', 'song_id', 'artist_id'] %}
    {% set described = [] %}
    {% for name, key, type, required in columns[kind] %}
        {% do described.append({
            'name': name,
            'key': key,
            'type': type,
            'required': required,
            'width': type.split('(')[1][:-1] | int if '(' in type else none,
            'choice': choices.get(name),
            'is_id': name in ids,
            'is_trimmed': required and name in ids + ['page'],
            'range': ranges.get(name),
            'range_words': range_words.get(
                name, 'from ' ~ ranges.get(name, []) | join(' to ')
            ),
        }) %}
    {% endfor %}
    {{ return(described) }}
{% endmacro %}


{#- The latest time that an event can have, in epoch milliseconds. -#}
{% macro tomorrow_ms() -%}
    {{ adapter.dispatch('tomorrow_ms')() }}
{%- endmacro %}


{#- The key of a row as a text for people; `rows` names the relation. -#}
{% macro row_key(kind, rows) -%}
    {%- for column in staging_key(kind) -%}
        {{ " || ' " if not loop.first else "'" }}{{ column }} ' || cast({{ rows }}.
        {{- column }} as varchar(64))
    {%- endfor -%}
{%- endmacro %}


{#- The key of a staging table. -#}
{% macro staging_key(kind) %}
    {{ return({
        'events': ['session_id', 'item_in_session', 'page', 'ts'],
        'songs': ['song_id'],
    }[kind]) }}
{% endmacro %}
