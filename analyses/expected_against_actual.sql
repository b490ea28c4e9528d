-- Does the warehouse give the counts that the real data must give? With other data
-- loaded the differences mean nothing, and the test expected_results stays silent.
select
    kind,
    name,
    expected,
    actual,
    difference
from (
    {{ expected_against_actual() }}
) as comparison
order by
    kind asc nulls last,
    name asc nulls last
