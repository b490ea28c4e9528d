{#-
    An incremental strategy for a model that computes all of its rows: it writes and
    deletes only those that differ. If the model computes none, nothing new has arrived.
-#}
{% macro get_incremental_changed_rows_sql(arg_dict) %}
    {% set target, computed = arg_dict.target_relation, arg_dict.temp_relation %}
    {% set key = arg_dict.unique_key %}
    {% set columns = arg_dict.dest_columns | map(attribute='name') | join(', ') %}
    {% if run_query('select 1 from ' ~ computed ~ ' limit 1').rows %}
    delete from {{ target }}
    where {{ key }} in (
        select {{ key }}
        from (
            select {{ columns }} from {{ target }}
            except
            select {{ columns }} from {{ computed }}
        ) as changed
    );
    {% endif %}
    insert into {{ target }} ({{ columns }})
    select {{ columns }} from {{ computed }}
    except
    select {{ columns }} from {{ target }}
{% endmacro %}
