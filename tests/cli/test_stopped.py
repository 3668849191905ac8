"""What is said where Ctrl-C stops a command: what is kept, and how to go on."""

from collections.abc import Callable
from unittest import mock

import pytest

from tests.cli.conftest import Done


@pytest.mark.parametrize(
    ("words", "message"),
    [
        ("quickstart --force", "Stopped. Finished epochs are kept; go on with: gatecell quickstart"),
        ("run a -o f", "Stopped. Finished epochs, trials and grids are kept; go on with: gatecell run a -o f --resume"),
        ("fit text t --resume", "Stopped. Finished epochs are kept; go on with: gatecell fit text t --resume"),
        ("tune text t", "Stopped. Finished trials and epochs are kept; go on with: gatecell tune text t --resume"),
        ("doctor", "Stopped."),
    ],
)
def test_what_is_kept(words: str, message: str, gatecell: Callable[..., Done]) -> None:
    with mock.patch("gatecell.cli.main._run", side_effect=KeyboardInterrupt):
        done = gatecell(*words.split())
    assert (done.code, done.err) == (130, f"{message}\n")
