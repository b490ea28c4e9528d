{#- Write each mart to a folder, as Parquet and into one DuckDB file. -#}
{% macro export_marts(folder, database) %}
    {% do adapter.dispatch('export_marts')(folder, database) %}
{% endmacro %}


{% macro duckdb__export_marts(folder, database) %}
    {#- Without a transaction: DuckDB attaches and detaches in none. -#}
    {% call statement('export_marts', auto_begin=false) %}
        attach {{ sql_text(folder ~ '/' ~ database) }} as exported (read_write);
        {%- for mart in marts() %}
        copy (select * from {{ ref(mart) }})
            to {{ sql_text(folder ~ '/' ~ mart ~ '.parquet') }} (format parquet);
        create table exported.main.{{ mart }} as
            select * from {{ ref(mart) }};
        {%- endfor %}
        detach exported;
    {% endcall %}
{% endmacro %}
