{#-
    A query with a mart's row_count and fingerprint. The fingerprint depends on the rows
    alone: not on their order, their load, or the engine. The mart's contract says which
    columns there are, and their types.
-#}
{% macro mart_fingerprint(mart) -%}
    {{ set_fingerprint(mart ~ ' as mart_rows', contract_row_text(mart.identifier)) }}
{%- endmacro %}


{#-
    A query with the number of rows and a hash of them as a set. Each row's text becomes
    an md5; its four words of eight hexadecimal digits are summed over all rows; count and
    sums are hashed again. Redshift sums in bigint, which has room for two thousand
    million such words.

    relation  the text after `from`
    text      an expression for the text of a row, never null
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
    The text of a row, the same on every engine: its columns in the contract's order
    without `_load_id`. chr(31) precedes each value, chr(30) stands for null, and no text
    holds either. So null differs from the empty text, and columns cannot swap.
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


{#- A value as text by its type, because engines write times and booleans differently. -#}
{% macro canonical_text(column, data_type, mart) -%}
    {%- set type = data_type.split('(')[0] | trim | lower -%}
    {%- if type == 'varchar' -%}
        {{ column }}
    {%- elif type in ['bigint', 'integer', 'decimal'] -%}
        cast({{ column }} as varchar(64))
    {%- elif type in ['date', 'timestamp'] -%}
        {%- set unit = 'day' if type == 'date' else 'millisecond' -%}
        cast(
            {{ dbt.datediff("cast('1970-01-01' as " ~ type ~ ")", column, unit) }}
            as varchar(64)
        )
    {%- elif type == 'boolean' -%}
        case when {{ column }} then 'true' when not {{ column }} then 'false' end
    {%- else -%}
        {%- do exceptions.raise_compiler_error(
            mart ~ '.' ~ column ~ ' has the type ' ~ type
            ~ '; add its text to canonical_text in macros/audit/fingerprint.sql'
        ) -%}
    {%- endif -%}
{%- endmacro %}
