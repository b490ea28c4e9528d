-- Does the warehouse give the counts that the real data must give? With other data
-- the differences mean nothing, and the test expected_results passes.
select
    counted_by,
    name,
    expected,
    actual,
    difference
from (
    {{ expected_against_actual() }}
) as comparison
order by counted_by, name
