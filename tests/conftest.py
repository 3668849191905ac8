"""What all tests share: one thread a test process, so that tests may run side by side; where the real data lie."""

import os
from pathlib import Path

import pytest
import torch

torch.set_num_threads(1)


@pytest.fixture
def data_home() -> Path:
    """The folder with real data; a test that needs it says so where there is none."""
    home = os.environ.get("GATECELL_DATA_HOME")
    if not home:
        pytest.skip("needs the real data: set GATECELL_DATA_HOME")
    return Path(home)
