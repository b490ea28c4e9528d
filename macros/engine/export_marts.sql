{#- DuckDB: write each mart to a folder, as Parquet and into one DuckDB file. -#}
{% macro export_marts(folder, database) %}
    {#- Without a transaction: DuckDB attaches and detaches in none. -#}
    {% call statement('export_marts', auto_begin=false) %}
        attach {{ sql_text(folder ~ '/' ~ database) }} as exported (read_write);
        {%- for mart in marts() %}
        copy (select * from {{ mart }})
            to {{ sql_text(folder ~ '/' ~ mart.identifier ~ '.parquet') }} (format parquet);
        create table exported.main.{{ mart.identifier }} as
            select * from {{ mart }};
        {%- endfor %}
        detach exported;
    {% endcall %}
{% endmacro %}
