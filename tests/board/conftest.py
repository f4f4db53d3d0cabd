"""A board on disk that most tests of boards begin with."""

from pathlib import Path

import pytest

from tests.board.boards import committed, demo, file
from tests.board.samples import GENERATORS


@pytest.fixture
def board(tmp_path) -> Path:
    """A board of three entries in a repository; the folder ``leaderboard``."""
    home = tmp_path / "repo" / "leaderboard"
    for name in [*GENERATORS][:3]:
        file(home, demo(name))
    (home / "retractions.yaml").write_text("retractions: []\n")
    committed(home.parent)
    return home
