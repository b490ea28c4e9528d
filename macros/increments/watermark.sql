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
    A relation's watermark, the first load in the ledger, the newest, and the newest with
    songs, when dbt compiled the model. It compiles before its transaction begins, and
    asks later again whether to rebuild: the answer must fit the compiled SQL.
-#}
{% macro loads_at_compile(relation) %}
    {% set key = at_compile('loads', relation) %}
    {% if key not in graph %}
        {% set table = load_relation(watermark_table(relation.identifier)) %}
        {% do graph.update({key: run_query(
            'select coalesce(min(load_id), 0) as first, coalesce(max(load_id), 0) as newest,'
            ~ " coalesce(max(case when source = 'songs' then load_id end), 0) as songs,"
            ~ ' (' ~ (newest_load_in(table) if table else 0) ~ ') as watermark'
            ~ ' from ' ~ source('sparkify', 'loaded_files').render()
        ).rows[0]}) %}
    {% endif %}
    {{ return(graph[key]) }}
{% endmacro %}


{#- A key in dbt's `graph`, which all models of a command share. -#}
{% macro at_compile(what, relation) -%}
    {{ what }} when {{ invocation_id }} compiled {{ relation.render() }}
{%- endmacro %}


{% macro watermark(relation) %}
    {{ return(loads_at_compile(relation)['watermark']) }}
{% endmacro %}


{#-
    The post-hook of an incremental model. All statements of a transaction see the same
    loads, so the new rows come from the newest now, or from the newest when the SQL was
    compiled. With an older watermark the next increment only repeats work. `dbt clone`
    runs hooks too, and writes no row.
-#}
{% macro set_watermark() -%}
    {%- if execute and model.config.materialized == 'incremental'
        and flags.WHICH != 'clone' -%}
    {%- set compiled = graph.get(at_compile('loads', this), {'newest': 'newest.load_id'}) -%}
    {#- Its loads are those of the incremental model that it reads, or of the ledger. -#}
    {%- set upstream = incremental_upstream(model) -%}
    update {{ watermark_table(this.identifier).render() }}
    set load_id = {{
        0 if flags.EMPTY else 'least(newest.load_id, ' ~ compiled['newest'] ~ ')' }}
    from ({{ newest_load_in(watermark_table(upstream.alias) if upstream
        else source('sparkify', 'loaded_files')) }}) as newest
    {%- endif -%}
{%- endmacro %}


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
