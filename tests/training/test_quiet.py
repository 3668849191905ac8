"""The surroundings of a run come back as they were."""

import logging
import signal
import warnings

import pytest
import torch

from gatecell.training.quiet import interruptible, own_random_state, quiet_lightning


def test_notices_are_silent_inside_and_not_outside(caplog: pytest.LogCaptureFixture) -> None:
    logger = logging.getLogger("lightning.pytorch")
    level, filters = logger.level, list(warnings.filters)
    with quiet_lightning():
        logger.warning("a hint at another product")
        logger.error("an error")
    assert [record.message for record in caplog.records] == ["an error"]
    assert logger.level == level
    assert warnings.filters == filters


def test_warnings_of_others_come_through() -> None:
    with pytest.warns(UserWarning, match="of the network"), quiet_lightning():
        warnings.warn("of the network", UserWarning, stacklevel=1)


def test_the_random_state_comes_back_after_an_error() -> None:
    state = torch.get_rng_state()

    def draw_and_fail() -> None:
        torch.rand(1)
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError), own_random_state():
        draw_and_fail()
    assert torch.equal(torch.get_rng_state(), state)


def test_an_exit_that_was_ctrl_c_is_ctrl_c_again() -> None:
    def exit_as_lightning_does() -> None:
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        error = SystemExit(1)
        error.__context__ = KeyboardInterrupt()
        raise error

    handler = signal.getsignal(signal.SIGINT)
    with pytest.raises(KeyboardInterrupt), interruptible():
        exit_as_lightning_does()
    assert signal.getsignal(signal.SIGINT) is handler


def test_another_exit_is_an_exit() -> None:
    with pytest.raises(SystemExit), interruptible():
        raise SystemExit(3)
