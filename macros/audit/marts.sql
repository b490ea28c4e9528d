{#- The marts, in the order in which every list shows them. -#}
{% macro marts() %}
    {{ return(['songplays', 'users', 'songs', 'artists', 'time', 'user_levels']) }}
{% endmacro %}
