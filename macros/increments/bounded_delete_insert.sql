{#-
    An incremental strategy: delete+insert by the unique key, within the stretch of the
    sort column that the new rows span. A literal bound lets both engines skip all other
    blocks; by the key alone they would read the whole history.
-#}
{% macro get_incremental_bounded_delete_insert_sql(arg_dict) %}
    {% set target_relation = arg_dict.target_relation %}
    {% set fresh = arg_dict.temp_relation %}
    {% set key = arg_dict.unique_key %}
    {% set sort = config.require('sort') %}
    {% set columns = arg_dict.dest_columns | map(attribute='name') | join(', ') %}
    {% set span = run_query(
        'select min(' ~ sort ~ ') as first, max(' ~ sort ~ ') as last from ' ~ fresh
    ).rows[0] %}
    {% if span['first'] is not none %}
    delete from {{ target_relation }}
    where {{ sort }} between '{{ span['first'] }}' and '{{ span['last'] }}'
        and {{ key }} in (select {{ key }} from {{ fresh }});
    {% endif %}
    insert into {{ target_relation }} ({{ columns }})
    select {{ columns }}
    from {{ fresh }}
{% endmacro %}
