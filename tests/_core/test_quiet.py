"""Loggers and warnings are quiet in one thread, and afterwards as they were, however blocks of threads overlap."""

import logging
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack

import pytest

from gatecell._core.quiet import WarningRule, quiet_loggers, warning_rules
from tests.process_state import process_state

IGNORED = WarningRule("ignore", UserWarning, message="a hint")


def say(message: str = "a hint") -> None:
    warnings.warn(message, UserWarning, stacklevel=2)


@pytest.fixture
def alone() -> Iterator[None]:
    """The filters of this process, which pytest has changed, as they are outside of a test."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        yield


@pytest.mark.usefixtures("alone")
def test_a_rule_holds_for_its_messages_in_its_block_and_its_thread() -> None:
    def of_another_thread(found: list[bool]) -> None:
        try:
            say()
        except UserWarning:
            found.append(True)

    with warning_rules(IGNORED):
        say()
        with pytest.raises(UserWarning, match="another"):
            say("another")
        found: list[bool] = []
        other = threading.Thread(target=of_another_thread, args=(found,))
        other.start()
        other.join()
    assert found == [True]
    with pytest.raises(UserWarning, match="a hint"):
        say()


@pytest.mark.usefixtures("alone")
def test_a_rule_goes_before_filters_that_came_later_in_another_block() -> None:
    with warning_rules(IGNORED), warnings.catch_warnings():
        warnings.simplefilter("error")
        with warning_rules(IGNORED):
            say()


def test_an_error_for_one_thread() -> None:
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        with warning_rules(WarningRule("error", UserWarning)), pytest.raises(UserWarning, match="a hint"):
            say()
        say()


@pytest.mark.parametrize("first_out", [0, 1])
def test_nothing_is_left_behind_in_whatever_order_blocks_end(first_out: int) -> None:
    before = process_state()
    blocks = [ExitStack(), ExitStack()]
    for block in blocks:
        block.enter_context(warning_rules(IGNORED))
        block.enter_context(quiet_loggers(lightning=logging.ERROR))
    blocks[first_out].close()
    # one of them is still there
    assert process_state() != before
    blocks[1 - first_out].close()
    assert process_state() == before


def test_nothing_is_left_behind_where_the_user_changed_filters_meanwhile() -> None:
    before = process_state()
    block = ExitStack()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        block.enter_context(warning_rules(IGNORED))
    # the list of filters is that of before, and so it stays
    block.close()
    assert process_state() == before

    block = ExitStack()
    block.enter_context(warning_rules(IGNORED))
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        block.close()
    assert process_state() == before


def test_loggers_below_a_package_are_quiet_and_those_of_like_names_are_not(caplog: pytest.LogCaptureFixture) -> None:
    loggers = [logging.getLogger(name) for name in ("quietened", "quietened.part", "quietened_no")]
    with caplog.at_level(logging.INFO), quiet_loggers(quietened=logging.WARNING):
        for logger in loggers:
            logger.info("info")
            logger.warning("warning")
    assert [(record.name, record.message) for record in caplog.records] == [
        ("quietened", "warning"),
        ("quietened.part", "warning"),
        ("quietened_no", "info"),
        ("quietened_no", "warning"),
    ]
