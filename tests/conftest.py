"""What all tests share: one thread a test process, so that tests may run side by side; signals; the real data."""

import os
from collections.abc import Iterator
from pathlib import Path

# before torch is imported, and for the processes that tests start
os.environ["OMP_NUM_THREADS"] = "1"

import pytest
from hypothesis import settings

from tests.processes import RELIED_ON, default_signals

# how long an example takes says more about the machine than about the code; the same examples in every run, so that a
# failure is of the change that shows it, and others by `pytest --hypothesis-profile=new-examples`
settings.register_profile("new-examples", deadline=None)
settings.register_profile("gatecell", deadline=None, derandomize=True)
settings.load_profile("gatecell")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--seeds", type=int, default=1, help="with how many seeds each example is run")
    parser.addoption("--engine", default="auto", help="which engine runs where an LSTM names none")


@pytest.fixture(scope="session", autouse=True)
def engine_that_is_chosen(request: pytest.FixtureRequest) -> Iterator[None]:
    """Let the engine of ``--engine`` run wherever it would be chosen by itself."""
    from gatecell.kernels import dispatch  # noqa: PLC0415  imports torch, which not every process of a session needs

    with pytest.MonkeyPatch.context() as patch:
        if (name := request.config.getoption("engine")) != "auto":
            before = dispatch.ENGINES[: dispatch.ENGINES.index(name)]
            for other in before:
                patch.setattr(getattr(dispatch, other), "refusals", lambda *_, **__: ("left out by --engine",))
        yield


@pytest.fixture(scope="session", autouse=True)
def own_compiler_cache(tmp_path_factory: pytest.TempPathFactory) -> Iterator[None]:
    """PyTorch's compiler keeps what it made for the user's next process: what another version made is not read here."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("TORCHINDUCTOR_CACHE_DIR", str(tmp_path_factory.mktemp("compiled")))
        yield


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
