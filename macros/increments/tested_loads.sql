{#-
    Every command that may write a mart first replaces the record of the last tested build
    by its own, which stays incomplete until its tests pass.
-#}
{% macro forget_tested_loads() %}
    {% set tested = source('sparkify', 'tested_loads') %}
    {% call statement('forget_tested_loads') %}
        {{ wait_for_writers('build') }}
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
{% macro record_tested(build, code, content) %}
    {% call statement('record_tested') %}
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
