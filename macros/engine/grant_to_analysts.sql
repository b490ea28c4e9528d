{#- After a run, let the analysts' group read what the run may have made anew. -#}
{% macro grant_to_analysts() -%}
    {% if execute and var('analyst_group') %}
        {{ adapter.dispatch('grant_to_analysts')(var('analyst_group')) }}
    {% endif %}
{%- endmacro %}


{#- Who has the file has everything. -#}
{% macro duckdb__grant_to_analysts(group) -%}
{%- endmacro %}


{% macro redshift__grant_to_analysts(group) -%}
    {% if not modules.re.fullmatch('[A-Za-z_][A-Za-z0-9_]{0,126}', group) %}
        {% do exceptions.raise_compiler_error(
            'the var analyst_group is no name of a group: ' ~ group
        ) %}
    {% endif %}
    grant usage on schema {{ target.schema }} to group {{ group }};
    grant select on all tables in schema {{ target.schema }} to group {{ group }};
{%- endmacro %}
