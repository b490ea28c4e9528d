{#-
    A statement that waits for every other writer of the same name and keeps later ones
    waiting until the transaction ends; empty where none is needed. It must be the
    transaction's first: the snapshot begins with the first query.
-#}
{% macro wait_for_writers(name) -%}
    {{ adapter.dispatch('wait_for_writers')(name) }}
{%- endmacro %}


{#- One process has the whole file. -#}
{% macro duckdb__wait_for_writers(name) -%}
{%- endmacro %}


{#- LOCK keeps readers out as well, so it locks a table that nobody reads. -#}
{% macro redshift__wait_for_writers(name) -%}
    lock {{ source('sparkify', 'loaded_files').incorporate(
        path={'identifier': name ~ '_lock'}
    ).include(database=false).render() }};
{%- endmacro %}


{#-
    The pre-hook of every table. The second of two builds at once waits here and then sees
    the rows of the first. `dbt clone` runs hooks too, and writes no row.
-#}
{% macro wait_for_other_builds() -%}
    {{ wait_for_writers(this.identifier) if execute and flags.WHICH != 'clone' }}
{%- endmacro %}
