{#-
    The rows of a model are those that its SQL makes of everything at once. Each row that
    is missing or unexpected is found; a row twice is for the tests of its key. This reads
    whole tables, so `warehouse.py run` leaves it to `dbt test`.

    made_of        what the model reads, as its SQL refers to it
    may_have_more  whether an increment keeps rows that a rebuild would not make
-#}
{% test equals_a_rebuild(model, made_of, may_have_more=false) %}

{% if execute %}
{#- In a test no model is incremental, so this is the SQL of a full refresh. -#}
{% set node = graph.nodes[context.model.attached_node] %}
{% set columns = node.columns | reject('equalto', '_load_id') | join(', ') %}
with rebuilt as (

    select {{ columns }}
    from (
        {{ render(node.raw_code) }}
    ) as made

),

found as (

    select {{ columns }} from {{ model }}

)

select
    'missing' as problem,
    missing.*
from (
    select * from rebuilt
    except
    select * from found
) as missing
{%- if not may_have_more %}

union all

select
    'unexpected' as problem,
    unexpected.*
from (
    select * from found
    except
    select * from rebuilt
) as unexpected
{%- endif %}
{% endif %}

{% endtest %}
