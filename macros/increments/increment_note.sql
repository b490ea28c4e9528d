{#-
    Beside each incremental relation lies a note, a table of one row: the newest load that
    the relation has. An increment starts there, without reading the relation. It is
    written in the transaction that writes the rows.
-#}
{% macro increment_note(relation) %}
    {{ return(source('sparkify', 'loaded_files').incorporate(
        path={'identifier': relation.identifier ~ '_increment'}
    )) }}
{% endmacro %}


{#- Make the notes that are missing. A new one says 0, so its relation is rebuilt once. -#}
{% macro create_increment_notes() %}
    {% set missing = [] %}
    {% for model in graph.nodes.values() if model.config.materialized == 'incremental' %}
        {% set note = increment_note(api.Relation.create(identifier=model.alias)) %}
        {% do missing.append(note) if not load_relation(note) %}
    {% endfor %}
    {% if missing %}
        {% call statement('create_increment_notes') %}
            {%- for note in missing %}
            create table if not exists {{ note.render() }} (load_id bigint not null);
            insert into {{ note.render() }}
            select 0
            where not exists (select 1 from {{ note.render() }});
            {%- endfor %}
        {% endcall %}
        {% do adapter.commit() %}
    {% endif %}
{% endmacro %}


{#-
    The watermark of an increment: the newest load in a relation, by its note. It keeps the
    newest load in the ledger for `note_increment`: dbt compiles a model before its
    transaction begins, and the SQL may rest on what was loaded until then.
-#}
{% macro newest_load(relation) -%}
    {%- if not execute -%}{{ return(0) }}{%- endif -%}
    {%- set note = load_relation(increment_note(relation)) -%}
    {%- if not note -%}{{ return(0) }}{%- endif -%}
    {%- set loads = run_query(
        'select (' ~ newest_load_in(note) ~ ') as noted, ('
        ~ newest_load_in(source('sparkify', 'loaded_files')) ~ ') as newest'
    ).rows[0] -%}
    {%- do graph.update({compiled_at(relation): loads['newest']}) -%}
    {{ return(loads['noted']) }}
{%- endmacro %}


{#- Where dbt's `graph`, which all models of a command share, has that load. -#}
{% macro compiled_at(relation) -%}
    newest load for {{ relation.render() }} in {{ invocation_id }}
{%- endmacro %}


{#-
    The pre-hook of an incremental model. It empties the relation if `load --reload`
    replaced every load that it was built from. `dbt clone` runs hooks too, and needs none
    of it.

    upstream  the incremental relation that the model reads; the ledger without one
-#}
{% macro start_increment(upstream=none) -%}
    {%- if not execute or flags.WHICH == 'clone' -%}{{ return('') }}{%- endif -%}
    {%- set note = increment_note(this) -%}
    {%- if is_incremental() -%}
        {%- set loads = run_query(
            'select (' ~ newest_load_in(note) ~ ') as noted,'
            ~ ' (' ~ newest_load_in(upstream_of_increment(upstream)) ~ ') as newest,'
            ~ ' (select coalesce(min(load_id), 0) from '
            ~ source('sparkify', 'loaded_files').render() ~ ') as first'
        ).rows[0] -%}
        {%- if loads['noted'] < loads['first'] and loads['first'] <= loads['newest'] -%}
        delete from {{ this }}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}


{#-
    The post-hook of an incremental model. All statements of a transaction see the same
    loads, so the new rows come from the newest now, or from the newest when the SQL was
    compiled. With an older note the next increment only repeats work.
-#}
{% macro note_increment(upstream=none) -%}
    {%- if not execute or flags.WHICH == 'clone' -%}{{ return('') }}{%- endif -%}
    update {{ increment_note(this).render() }}
    set load_id = {{ '0' if flags.EMPTY else 'least(newest.load_id, '
        ~ graph.get(compiled_at(this), 'newest.load_id') ~ ')' }}
    from ({{ newest_load_in(upstream_of_increment(upstream)) }}) as newest
{%- endmacro %}


{% macro upstream_of_increment(upstream) %}
    {{ return(increment_note(upstream) if upstream else source('sparkify', 'loaded_files')) }}
{% endmacro %}


{% macro newest_load_in(table) -%}
    select coalesce(max(load_id), 0) as load_id from {{ table.render() }}
{%- endmacro %}
