"""The page of the sample data with names that are hard to show, and many plays."""

import pytest
from support.helpers import DataSet
from support.insights_page import TITLES, Page


@pytest.fixture(scope="session")
def hostile(sample_set: DataSet, tmp_path_factory: pytest.TempPathFactory) -> Page:
    warehouse = sample_set.warehouse.copy(tmp_path_factory.mktemp("hostile"))
    titles = ", ".join(
        f"({place}, '{title.replace(chr(39), chr(39) * 2)}')"
        for place, title in enumerate(TITLES)
    )
    warehouse.change(
        "update songplays set song_title = title, artist_name = title,"
        f" location = 'Here, ' || title from (values {titles}) as hostile(place, title)"
        f" where session_id % {len(TITLES)} = place"
    )
    return Page(warehouse, times=1000)
