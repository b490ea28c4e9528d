"""What the tests of the commands load."""

from pathlib import Path

import pytest
from support.helpers import Sources, event, song


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """One play and the song that was played."""
    made = Sources(tmp_path)
    made.write_events("1.json", event(0))
    made.write_songs("A.json", song("SO1"))
    return made
