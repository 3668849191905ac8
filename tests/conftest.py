"""What all tests share: one thread a test process, so that tests may run side by side; signals; the real data."""

import os
from collections.abc import Iterator
from pathlib import Path

# before torch is imported, and for the processes that tests start
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
from hypothesis import settings

from tests.processes import RELIED_ON, default_signals

# how long an example takes says more about the machine than about the code
settings.register_profile("gatecell", deadline=None)
settings.load_profile("gatecell")


@pytest.fixture(scope="session", autouse=True)
def stopping_signals() -> Iterator[None]:
    """Ctrl-C and ``kill`` reach the tests, even where the session was started in the background or by ``nohup``."""
    with default_signals(RELIED_ON):
        yield


@pytest.fixture
def data_home() -> Path:
    """The folder with real data; a test that needs it says so where there is none."""
    home = os.environ.get("GATECELL_DATA_HOME")
    if not home:
        pytest.skip("needs the real data: set GATECELL_DATA_HOME")
    return Path(home)
