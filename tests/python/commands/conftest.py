"""What the tests of the commands load."""

from pathlib import Path

import pytest
from support.helpers import Sources, one_play


@pytest.fixture
def sources(tmp_path: Path) -> Sources:
    """One play and the song that was played."""
    return one_play(tmp_path)
