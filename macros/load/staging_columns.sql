{#-
    The columns of a source: name, key in the JSON, type, and whether an object without
    the key is refused. The order is that of the staging table and, on Redshift, of the
    JSONPaths file.
-#}
{% macro staging_columns(source) %}
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
    {% set found = [] %}
    {% for name, key, type, required in columns[source] %}
        {% do found.append({'name': name, 'key': key, 'type': type, 'required': required}) %}
    {% endfor %}
    {{ return(found) }}
{% endmacro %}


{#- The key of a staging table. -#}
{% macro staging_key(source) %}
    {{ return({
        'events': ['session_id', 'item_in_session', 'page', 'ts'],
        'songs': ['song_id'],
    }[source]) }}
{% endmacro %}


{#- The keys of a source's JSON, as rows in the order of its columns. -#}
{% macro json_keys(source) %}
    {%- for column in staging_columns(source) %}
    {% if not loop.first %}union all{% endif %}
    select
        {{ loop.index }} as place,
        '{{ column.key }}' as json_key
    {%- endfor %}
    order by place
{% endmacro %}
