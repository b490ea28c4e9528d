{#-
    Tables on Redshift. dbt swaps in a new table for every rebuild: a reader who waits for
    the swap may see no rows, and comments, grants and bound views go with the old table.
    These replace the rows in one transaction, also for --full-refresh; readers see the
    old ones until it ends. A new table is swapped in only where columns changed.
-#}
{% materialization table, adapter='redshift' %}
    {{ return(rebuild_table()) }}
{% endmaterialization %}


{% materialization incremental, adapter='redshift' %}
    {{ return(
        dbt.materialization_incremental_default() if is_incremental() else rebuild_table()
    ) }}
{% endmaterialization %}


{% macro rebuild_table() %}
    {% set target_relation = this.incorporate(type='table') %}
    {% set new = make_intermediate_relation(target_relation) %}
    {% set cached = load_cached_relation(this) %}
    {% set old = make_backup_relation(this, cached.type if cached else 'table') %}
    {#- A swap that was killed may have left these behind. -#}
    {% for leftover in [new, old] %}
        {% do drop_relation_if_exists(load_cached_relation(leftover)) %}
    {% endfor %}
    {{ run_hooks(pre_hooks, inside_transaction=False) }}
    {{ run_hooks(pre_hooks, inside_transaction=True) }}
    {#- Not dbt's cache: a build that this one waited for may have made the table. -#}
    {% set existing = catalogued(this) %}
    {% set keep_table = has_contracted_columns(existing) %}
    {% if keep_table %}
        {% set rows = get_select_subquery(sql) %}
        {% do get_assert_columns_equivalent(sql) %}
        {% call statement('main') %}
            delete from {{ this }};
            insert into {{ this }} ({{ existing.columns | join(', ') }})
            {{ rows }}
        {% endcall %}
    {% else %}
        {% call statement('main') %}
            {{ get_create_table_as_sql(False, new, sql) }}
        {% endcall %}
        {% if existing.columns %}
            {% do adapter.rename_relation(cached or target_relation, old) %}
        {% endif %}
        {% do adapter.rename_relation(new, target_relation) %}
    {% endif %}
    {% do send_comments(
        target_relation, model, existing if keep_table else catalogued(this)
    ) %}
    {% do apply_grants(
        target_relation,
        config.get('grants'),
        should_revoke(cached, full_refresh_mode=not keep_table)
    ) %}
    {{ run_hooks(post_hooks, inside_transaction=True) }}
    {% do adapter.commit() %}
    {% if existing.columns and not keep_table %}
        {% do adapter.drop_relation(old) %}
    {% endif %}
    {{ run_hooks(post_hooks, inside_transaction=False) }}
    {{ return({'relations': [target_relation]}) }}
{% endmacro %}


{#- TRUNCATE commits on Redshift: readers would see an empty seed. -#}
{% macro redshift__truncate_relation(relation) %}
    {% call statement('truncate_relation') %}delete from {{ relation }}{% endcall %}
{% endmacro %}


{#- Whether a relation in the catalogue has the columns of the model's contract. -#}
{% macro has_contracted_columns(existing) %}
    {% set contracted, actual = [], [] %}
    {% for name, column in model.columns.items() %}
        {% do contracted.append(name ~ ' ' ~ column.data_type | lower | replace(' ', '')
            | replace('varchar', 'character varying') | replace('decimal', 'numeric')
            | replace('timestamp', 'timestamp without time zone')) %}
    {% endfor %}
    {% for name, column in existing.columns.items() %}
        {% do actual.append(name ~ ' ' ~ column.type) %}
    {% endfor %}
    {{ return(
        config.get('contract').enforced and existing.is_table and contracted == actual
    ) }}
{% endmacro %}
