{#-
    Beside each incremental relation is a table of one row, its watermark: the newest load
    that the relation has. An increment starts there, without reading the relation. It is
    written in the transaction that writes the rows. A new one is 0: its relation is
    rebuilt once.
-#}
{% macro watermark_table(name) %}
    {{ return(source('sparkify', 'loaded_files').incorporate(
        path={'identifier': name ~ '_increment'}
    )) }}
{% endmacro %}


{#-
    The watermark of a relation. It keeps the newest load in the ledger for
    `set_watermark`: dbt compiles a model before its transaction begins, and the SQL may
    depend on what was loaded until then.
-#}
{% macro watermark(relation) -%}
    {%- if not execute -%}{{ return(0) }}{%- endif -%}
    {%- set table = load_relation(watermark_table(relation.identifier)) -%}
    {%- if not table -%}{{ return(0) }}{%- endif -%}
    {%- set loads = run_query(
        'select (' ~ newest_load_in(table) ~ ') as watermark, ('
        ~ newest_load_in(source('sparkify', 'loaded_files')) ~ ') as newest'
    ).rows[0] -%}
    {%- do graph.update({compiled_at(relation): loads['newest']}) -%}
    {{ return(loads['watermark']) }}
{%- endmacro %}


{#- The key of that load in dbt's `graph`, which all models of a command share. -#}
{% macro compiled_at(relation) -%}
    newest load for {{ relation.render() }} in {{ invocation_id }}
{%- endmacro %}


{#-
    The pre-hook of an incremental model. It empties the relation if `load --reload`
    replaced every load that it was built from.
-#}
{% macro start_increment() -%}
    {%- if has_watermark() and is_incremental() -%}
        {%- set loads = run_query(
            'select (' ~ newest_load_in(watermark_table(this.identifier)) ~ ') as watermark,'
            ~ ' (' ~ newest_load_in(loads_of_upstream()) ~ ') as newest,'
            ~ ' (select coalesce(min(load_id), 0) from '
            ~ source('sparkify', 'loaded_files').render() ~ ') as first'
        ).rows[0] -%}
        {%- if loads['watermark'] < loads['first'] and loads['first'] <= loads['newest'] -%}
        delete from {{ this }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#-
    The post-hook of an incremental model. All statements of a transaction see the same
    loads, so the new rows come from the newest now, or from the newest when the SQL was
    compiled. With an older watermark the next increment only repeats work.
-#}
{% macro set_watermark() -%}
    {%- if has_watermark() -%}
    update {{ watermark_table(this.identifier).render() }}
    set load_id = {{ '0' if flags.EMPTY else 'least(newest.load_id, '
        ~ graph.get(compiled_at(this), 'newest.load_id') ~ ')' }}
    from ({{ newest_load_in(loads_of_upstream()) }}) as newest
    {%- endif -%}
{%- endmacro %}


{#- `dbt clone` runs hooks too, and writes no row. -#}
{% macro has_watermark() %}
    {{ return(execute and model.config.materialized == 'incremental'
        and flags.WHICH != 'clone') }}
{% endmacro %}


{#- The loads of an incremental model are those of its upstream, or of the ledger. -#}
{% macro loads_of_upstream() %}
    {% set upstream = incremental_upstream(model) %}
    {{ return(watermark_table(upstream.alias) if upstream
        else source('sparkify', 'loaded_files')) }}
{% endmacro %}


{#- The incremental model that another one reads, or nothing. -#}
{% macro incremental_upstream(node) %}
    {% for id in node.depends_on.nodes
        if id in graph.nodes and graph.nodes[id].config.materialized == 'incremental' %}
        {{ return(graph.nodes[id]) }}
    {% endfor %}
    {{ return(none) }}
{% endmacro %}


{% macro newest_load_in(table) -%}
    select coalesce(max(load_id), 0) as load_id from {{ table.render() }}
{%- endmacro %}
