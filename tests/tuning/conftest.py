from collections.abc import Iterator

import pytest

from tests.tuning.toys import Toy


@pytest.fixture(autouse=True)
def fresh_toy() -> Iterator[None]:
    """Let no test see what another one fitted."""
    Toy.fitted, Toy.on_epoch = [], None
    yield
    Toy.fitted, Toy.on_epoch = [], None
