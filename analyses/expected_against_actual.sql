-- Does the warehouse give the counts that the real data must give? With other data
-- the differences mean nothing, and the test expected_results passes.
select
    comparison.counted_by,
    comparison.name,
    comparison.expected,
    comparison.actual,
    comparison.difference
from (
    {{ expected_against_actual() }}
) as comparison
order by comparison.counted_by, comparison.name
