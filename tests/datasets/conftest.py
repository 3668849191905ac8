import os
from pathlib import Path

import pytest


@pytest.fixture
def data_home() -> Path:
    """The folder with real data; a test that needs it says so where there is none."""
    home = os.environ.get("GATECELL_DATA_HOME")
    if not home:
        pytest.skip("needs the real data: set GATECELL_DATA_HOME")
    return Path(home)
