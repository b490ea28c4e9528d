{#-
    An incremental strategy: dbt's delete+insert, but it looks for the old rows only
    between the first and the last value of the sort column in the new rows. With literal
    bounds both engines skip all other blocks; dbt's own would read the whole history.
-#}
{% macro get_incremental_bounded_delete_insert_sql(arg_dict) %}
    {% set new_rows = arg_dict.temp_relation %}
    {% set key = arg_dict.unique_key %}
    {% set sort = config.require('sort') %}
    {% set columns = arg_dict.dest_columns | map(attribute='name') | join(', ') %}
    {% set span = run_query(
        'select min(' ~ sort ~ ') as first, max(' ~ sort ~ ') as last from ' ~ new_rows
    ).rows[0] %}
    {% if span['first'] is not none %}
    delete from {{ arg_dict.target_relation }}
    where {{ sort }} between '{{ span['first'] }}' and '{{ span['last'] }}'
        and {{ key }} in (select {{ key }} from {{ new_rows }});
    {% endif %}
    insert into {{ arg_dict.target_relation }} ({{ columns }})
    select {{ columns }}
    from {{ new_rows }}
{% endmacro %}
