{#- The marts in the order in which we speak of them. -#}
{% macro marts() %}
    {{ return(['songplays', 'users', 'songs', 'artists', 'time', 'user_levels']) }}
{% endmacro %}
