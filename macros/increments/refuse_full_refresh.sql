{#-
    The fact is not made anew by chance: on Redshift that costs money, and for minutes the
    old one is all there is. `warehouse.py run --full-refresh` says the word itself.
-#}
{% macro refuse_full_refresh() %}
    {% if execute and flags.WHICH in ['build', 'run', 'retry'] and should_full_refresh()
        and load_relation(this) and not var('allow_full_refresh') %}
        {% do adapter.dispatch('refuse_full_refresh')() %}
    {% endif %}
{% endmacro %}


{#- Here it is a matter of minutes. -#}
{% macro duckdb__refuse_full_refresh() %}
{% endmacro %}


{% macro redshift__refuse_full_refresh() %}
    {% do exceptions.raise_compiler_error(
        model.name ~ ' is not made anew unless you say so: use warehouse.py run'
        ~ " --full-refresh, or dbt with --vars '{allow_full_refresh: true}'"
    ) %}
{% endmacro %}
