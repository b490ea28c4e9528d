{#- The watermark of an increment: the newest load in a relation, or 0 if it is empty. -#}
{% macro newest_load(relation) -%}
    {%- if not execute -%}{{ return(0) }}{%- endif -%}
    {{ return(run_query(
        'select coalesce(max(_load_id), 0) as load_id from ' ~ relation.render()
    ).rows[0]['load_id']) }}
{%- endmacro %}
