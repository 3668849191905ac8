"""Signals while a network is trained: Ctrl-C is Ctrl-C, and the process's own handler decides on SIGTERM."""

import os
import signal
import subprocess
import sys
from pathlib import Path

import pytest
from lightning.pytorch.utilities.exceptions import SIGTERMException

from gatecell.training.loop import fit
from gatecell.training.signals import interruptible
from tests.training.tools import config_of, identical, rows_of, squared, tiny_network, weights_of


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


def test_a_handler_of_the_process_decides_on_sigterm() -> None:
    noted: list[int] = []

    def terminate(taken: int) -> None:
        if taken == 5:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, lambda number, _: noted.append(number))
    try:
        handler = signal.getsignal(signal.SIGTERM)
        network, expected = tiny_network(), tiny_network()
        result = fit(network, squared, rows_of(on_take=terminate), config=config_of())
        assert signal.getsignal(signal.SIGTERM) is handler
    finally:
        signal.signal(signal.SIGTERM, before)
    assert noted == [signal.SIGTERM]
    fit(expected, squared, rows_of(), config=config_of())
    # the handler lets the process go on, and so does the run
    assert len(result.history) == 3
    assert identical(weights_of(network), weights_of(expected))


def test_a_handler_that_raises_ends_the_run_with_its_exception() -> None:
    class Terminated(BaseException):
        pass

    def raise_terminated(*_: object) -> None:
        raise Terminated

    def terminate(taken: int) -> None:
        if taken == 5:
            os.kill(os.getpid(), signal.SIGTERM)

    before = signal.signal(signal.SIGTERM, raise_terminated)
    try:
        with pytest.raises(Terminated):
            fit(tiny_network(), squared, rows_of(on_take=terminate), config=config_of())
    finally:
        signal.signal(signal.SIGTERM, before)


def test_without_a_handler_the_process_ends_by_the_signal() -> None:
    code = (
        "import os, signal\nfrom gatecell.training.loop import fit\nfrom tests.training.tools import *\n"
        "signal.signal(signal.SIGTERM, signal.SIG_DFL)\n"
        "def end(taken):\n    if taken == 5: os.kill(os.getpid(), signal.SIGTERM)\n"
        "fit(tiny_network(), squared, rows_of(on_take=end), config=config_of())\n"
    )
    root = Path(__file__).parents[2]
    done = subprocess.run([sys.executable, "-c", code], cwd=root, capture_output=True, timeout=120, check=False)
    assert done.returncode == -signal.SIGTERM, done.stderr.decode()


def test_a_signal_in_the_moment_that_lightning_has_the_handler_goes_to_the_one_before() -> None:
    noted: list[int] = []
    before = signal.signal(signal.SIGTERM, lambda number, _: noted.append(number))
    try:
        with pytest.raises(SystemExit) as caught, interruptible():
            raise SIGTERMException
    finally:
        signal.signal(signal.SIGTERM, before)
    assert caught.value.code == 143
    assert noted == [signal.SIGTERM]
