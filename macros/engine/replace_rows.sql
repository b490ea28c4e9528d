{#-
    A table on Redshift. dbt-redshift makes a new table and drops the old one, and with it
    all that hangs on it: comments, grants, the views that people made on it. This
    replaces the rows instead, in one transaction: readers see the old rows until the new
    ones are complete. dbt's own way remains for a table that is not there yet or has
    other columns, and for --full-refresh.
-#}
{% materialization table, adapter='redshift' %}
    {% set existing = load_cached_relation(this) %}
    {% set there = catalogued(this) if existing and existing.is_table
        and not flags.FULL_REFRESH and not config.get('full_refresh') %}
    {% if not there or not has_contracted_columns(there) %}
        {{ return(dbt.materialization_table_redshift()) }}
    {% endif %}

    {#- A full refresh that was killed may have left these behind. -#}
    {% for made in [make_intermediate_relation(this), make_backup_relation(this, 'table')] %}
        {% do drop_relation_if_exists(load_cached_relation(made)) %}
    {% endfor %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {% set names = there.columns | join(', ') %}
    {% set rows = get_select_subquery(sql) %}
    {% do get_assert_columns_equivalent(sql) %}
    {% call statement('main') %}
        delete from {{ this }};
        insert into {{ this }} ({{ names }})
        {{ rows }}
    {% endcall %}
    {% do send_comments(this, model, there) %}
    {% do apply_grants(
        this, config.get('grants'), should_revoke(existing, full_refresh_mode=False)
    ) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [this]}) }}
{% endmaterialization %}


{#- Whether a table in the catalogue has the columns of the model's contract. -#}
{% macro has_contracted_columns(there) %}
    {% set wanted, found = [], [] %}
    {% for name, column in model.columns.items() %}
        {% do wanted.append(name ~ ' ' ~ column.data_type | lower | replace(' ', '')
            | replace('varchar', 'character varying') | replace('decimal', 'numeric')
            | replace('timestamp', 'timestamp without time zone')) %}
    {% endfor %}
    {% for name, column in there.columns.items() %}
        {% do found.append(name ~ ' ' ~ column.type) %}
    {% endfor %}
    {{ return(config.get('contract').enforced and wanted == found) }}
{% endmacro %}
