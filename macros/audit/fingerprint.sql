{#-
    A mart's row count and fingerprint, as a query with these two columns. The
    fingerprint depends on the rows' content alone: not on their order, not on which
    load brought them, not on the engine.

    mart  the model's name; its contract says which columns there are and of what type
-#}
{% macro mart_fingerprint(mart) -%}
    {{ set_fingerprint(ref(mart) ~ ' as mart_rows', contract_row_text(mart)) }}
{%- endmacro %}


{#-
    The number of rows and a hash of the set that they are, in whatever order they come:
    each row's text becomes an md5, its four words of eight hexadecimal digits are added
    up over all rows, and count and sums are hashed again. A sum of such words has room
    for two thousand million rows in a bigint, which is what Redshift sums in.

    relation  what stands after `from`
    text      the expression that makes the text of a row, never null
-#}
{% macro set_fingerprint(relation, text) -%}
    select
        count(*) as row_count,
        md5(
            cast(count(*) as varchar(20))
            {%- for start in [1, 9, 17, 25] %}
            || '|' || cast(coalesce(sum(
                {{ hex_to_bigint('substring(digest, ' ~ start ~ ', 8)') }}
            ), 0) as varchar(40))
            {%- endfor %}
        ) as fingerprint
    from (
        select md5({{ text }}) as digest
        from {{ relation }}
    ) as digests
{%- endmacro %}


{#-
    The text of a row, that is the same on every engine: its columns in the contract's
    order, `_load_id` left out. Every value is led in by chr(31), every null is chr(30),
    and no text holds either: so null is not the empty text, and columns cannot swap.
-#}
{% macro contract_row_text(mart) -%}
    {%- if not execute -%}{{ return("''") }}{%- endif -%}
    {%- set model = graph.nodes.values()
        | selectattr('resource_type', 'equalto', 'model')
        | selectattr('name', 'equalto', mart)
        | first -%}
    {%- if not model.config.contract.enforced -%}
        {%- do exceptions.raise_compiler_error(
            mart ~ ' has no contract, so it has no fingerprint:'
            ~ ' enforce one, with a data_type for every column'
        ) -%}
    {%- endif -%}
    {%- set texts = [] -%}
    {%- for column in model.columns.values() if column.name != '_load_id' -%}
        {%- do texts.append(
            'coalesce(chr(31) || '
            ~ canonical_text(column.name, column.data_type, mart)
            ~ ', chr(30))'
        ) -%}
    {%- endfor -%}
    {{ texts | join('\n            || ') }}
{%- endmacro %}


{#- A value as text, by its type: never by an engine's idea of a time or a boolean. -#}
{% macro canonical_text(column, data_type, mart) -%}
    {%- set type = data_type.split('(')[0] | trim | lower -%}
    {%- if type == 'varchar' -%}
        {{ column }}
    {%- elif type in ['bigint', 'integer', 'decimal'] -%}
        cast({{ column }} as varchar(64))
    {%- elif type == 'timestamp' -%}
        cast(
            {{ dbt.datediff("cast('1970-01-01' as timestamp)", column, 'millisecond') }}
            as varchar(64)
        )
    {%- elif type == 'boolean' -%}
        case when {{ column }} then 'true' when not {{ column }} then 'false' end
    {%- else -%}
        {%- do exceptions.raise_compiler_error(
            mart ~ '.' ~ column ~ ' is of type ' ~ type ~ ', of which'
            ~ ' macros/audit/fingerprint.sql knows no text that every engine writes alike'
        ) -%}
    {%- endif -%}
{%- endmacro %}
