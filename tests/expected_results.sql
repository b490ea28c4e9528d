-- With the real files loaded, and nothing else, every count is the expected one. Other
-- data passes with no rows: there is nothing to expect of it.
select comparison.*
from (
    {{ expected_against_actual() }}
) as comparison
where (comparison.difference <> 0 or comparison.difference is null)
    and (
        {{ loaded_etags() }}
    ) = '{{ var("real_data_etags") }}'
