{#-
    The start of every command that may write a mart: what was recorded of an earlier
    build holds no longer. Its own record waits for its tests.
-#}
{% macro forget_tested_loads() %}
    {% set tested = source('sparkify', 'tested_loads') %}
    {#- dbt's own look would begin the transaction, and the lock must come first. -#}
    {% set columns = run_query(
        'select * from ' ~ tested.render() ~ ' where 1 = 0'
    ).column_names %}
    {% call statement('forget_tested_loads') %}
        {{ wait_for_writers('build') }}
        {%- if 'build' not in columns %}
        drop table {{ tested.render() }};
        {{ create_tested_loads() }}
        {%- endif %}
        delete from {{ tested.render() }};
        insert into {{ tested.render() }} (load_id, build)
        select
            coalesce(max(load_id), 0),
            '{{ invocation_id }}'
        from {{ source('sparkify', 'loaded_files').render() }};
    {% endcall %}
    {% do adapter.commit() %}
{% endmacro %}


{#-
    Record that all tests of a build passed. Nothing is recorded if another command wrote
    since the build began, or another load was published.
-#}
{% macro note_tested(build, code, content) %}
    {% call statement('note_tested') %}
        update {{ source('sparkify', 'tested_loads').render() }}
        set
            code = {{ sql_text(code) }},
            content = {{ sql_text(content) }},
            tested_at = {{ utc_now() }}
        where
            build = {{ sql_text(build) }}
            and load_id = (
                select coalesce(max(load_id), 0)
                from {{ source('sparkify', 'loaded_files').render() }}
            )
    {% endcall %}
    {% do adapter.commit() %}
{% endmacro %}


{#- One row at most; the load keeps no other notes in it. -#}
{% macro create_tested_loads() %}
    create table if not exists {{ source('sparkify', 'tested_loads').render() }} (
        load_id bigint not null,
        build varchar(64) not null,
        code varchar(64),
        content varchar(64),
        tested_at timestamp
    );
{% endmacro %}
