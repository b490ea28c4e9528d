{#-
    load_plan: the files as planned; load_files: those of them that the ledger does not
    hold in this very version.
-#}
{% macro duckdb__plan_files(plan, events, songs, reload) %}
    {% set ledger = source('sparkify', 'loaded_files') %}
    {% call statement('plan_files', auto_begin=false) %}
        create or replace temp table load_plan as
            {% if plan %}
            select *
            from read_json(
                {{ dbt.string_literal(plan.files) }},
                format = 'newline_delimited',
                columns = {
                    'source': 'varchar', 'path': 'varchar', 'file': 'varchar',
                    'form': 'varchar', 'etag': 'varchar', 'bytes': 'bigint',
                    'modified_ns': 'bigint'
                }
            )
            {% else %}
            {%- for source, folder, form in [
                ('events', events, 'lines'), ('songs', songs, 'whole')
            ] if folder %}
            {% if not loop.first %}union all{% endif %}
            select
                '{{ source }}' as source,
                filename as path,
                filename as file,
                '{{ form }}' as form,
                md5(content) as etag,
                octet_length(content) as bytes,
                cast(null as bigint) as modified_ns
            from read_blob({{ dbt.string_literal(folder ~ '/**/*.json') }})
            {%- endfor %}
            {% endif %};

        create or replace temp table load_files as
        with delivered as (
            select
                source,
                path,
                arg_max(etag, load_id) as etag
            from {{ ledger }}
            group by source, path
        )

        select
            row_number() over (order by load_plan.path) as file_id,
            load_plan.*
        from load_plan
        left join delivered
            on load_plan.source = delivered.source
            and load_plan.path = delivered.path
            and load_plan.etag = delivered.etag
        where delivered.path is null or {{ reload }}
    {% endcall %}
{% endmacro %}


{#-
    The same on Redshift, by COPY like all else. That nothing of it is loaded already is
    for the publishing transaction to see: another load may come between.
-#}
{% macro redshift__plan_files(plan) %}
    {% call statement('plan_files', auto_begin=false) %}
        set statement_timeout to {{ 2 * 60 * 60 * 1000 }};
        create temp table load_files (
            source varchar(16) not null,
            path varchar(2048) not null,
            form varchar(16) not null,
            etag varchar(128) not null,
            bytes bigint not null
        );
        copy load_files (source, path, form, etag, bytes)
        from '{{ plan.files }}plan.json'
        {{ redshift__copy_options(plan, 'auto') }};
        create temp table load_rejects (
            source varchar(16) not null,
            path varchar(2048) not null,
            line bigint not null,
            reason varchar(1024) not null,
            document varchar(64)
        );
        create temp table load_counts (
            source varchar(16) not null,
            path varchar(2048) not null,
            rows_loaded bigint not null,
            rows_rejected bigint not null
        );
    {% endcall %}
{% endmacro %}
