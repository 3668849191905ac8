"""What is shown while a network trains: on standard error, and only where asked for."""

import os
import pty
import re
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from types import ModuleType, SimpleNamespace

import pytest

from gatecell.training.loop import fit
from gatecell.training.progress import epoch_text
from tests.training.tools import config_of, rows_of, squared, tiny_network

ROW = {"epoch": 2.0, "train_loss": 0.12345, "validation_accuracy": 1.0, "learning_rate": 0.1, "seconds": 3.21}
RUN = """
from gatecell.training.loop import fit
from tests.training.tools import config_of, rows_of, sequence_network, squared
rows = rows_of((20, 5, 3))
fit(sequence_network(), squared, rows, rows, config_of(verbose={verbose}, patience=1, lr_schedule="plateau"))
"""


class Terminal:
    """A pseudo-terminal to write to; what is shown on it is read at once, since its own memory is small."""

    def __init__(self) -> None:
        self._reader, writer = pty.openpty()
        self.stream = os.fdopen(writer, "w")
        self._parts: list[bytes] = []
        self._thread = threading.Thread(target=self._read)
        self._thread.start()

    def _read(self) -> None:
        # once the last writer has closed its end, Linux reports an error and macOS an empty part
        with suppress(OSError):
            while part := os.read(self._reader, 1 << 16):
                self._parts.append(part)

    def __enter__(self) -> None:
        self._stderr, sys.stderr = sys.stderr, self.stream

    def __exit__(self, *_: object) -> None:
        sys.stderr = self._stderr

    def shown(self) -> str:
        """Close the terminal and return all that it showed."""
        self.stream.close()
        self._thread.join()
        return b"".join(self._parts).decode()

    def close(self) -> None:
        self.shown()
        os.close(self._reader)


@pytest.fixture
def terminal(monkeypatch: pytest.MonkeyPatch) -> Iterator[Terminal]:
    """A terminal that a test makes its standard error, ``with terminal:``; pytest has its own between the phases."""
    monkeypatch.setenv("TERM", "xterm")
    monkeypatch.setenv("COLUMNS", "200")
    terminal = Terminal()
    yield terminal
    terminal.close()


def test_an_epoch_as_a_line() -> None:
    assert epoch_text(ROW, 10) == "epoch 2/10  train_loss 0.1235  validation_accuracy 1  3.2 s"


def test_nothing_unless_asked_for(capfd: pytest.CaptureFixture[str]) -> None:
    fit(tiny_network(), squared, rows_of(), config=config_of(verbose=0))
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("verbose", [0, 1])
def test_a_process_of_its_own_prints_nothing_but_what_is_asked_for(verbose: int) -> None:
    script = RUN.format(verbose=verbose)
    done = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True, timeout=120)
    assert done.stdout == ""
    lines = done.stderr.splitlines()
    assert bool(lines) == bool(verbose)
    assert all(line.startswith(f"epoch {epoch}/3  train_loss") for epoch, line in enumerate(lines, start=1))


def test_nothing_where_there_is_no_standard_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stderr", None)
    assert len(fit(tiny_network(), squared, rows_of(), config=config_of(verbose=1)).history) == 3


def test_lines_in_a_notebook_even_if_its_stream_calls_itself_a_terminal(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", fake_ipython(shell=SimpleNamespace(kernel=object())))
    with terminal:
        result = fit(tiny_network(), squared, rows_of(), config=config_of(verbose=1, max_epochs=2))
    assert terminal.shown().split("\r\n") == [*(epoch_text(row, 2) for row in result.history), ""]


@pytest.mark.parametrize("shell", [None, SimpleNamespace()])
def test_a_bar_in_a_shell_of_ipython_on_a_terminal(
    terminal: Terminal, monkeypatch: pytest.MonkeyPatch, shell: object
) -> None:
    monkeypatch.setitem(sys.modules, "IPython", fake_ipython(shell))
    with terminal:
        fit(tiny_network(), squared, rows_of(), config=config_of(verbose=1))
    assert "\x1b[?25h" in terminal.shown()


def fake_ipython(shell: object) -> ModuleType:
    """IPython as far as it is asked: its shell, that of a notebook having a kernel."""
    module = ModuleType("IPython")
    module.get_ipython = lambda: shell  # type: ignore[attr-defined]
    return module


@pytest.mark.parametrize("verbose", [1, 2])
def test_one_line_an_epoch(verbose: int, capfd: pytest.CaptureFixture[str]) -> None:
    result = fit(tiny_network(), squared, rows_of(), config=config_of(verbose=verbose, max_epochs=2))
    out, err = capfd.readouterr()
    assert out == ""
    assert err.splitlines() == [epoch_text(row, 2) for row in result.history]
    fit(tiny_network(), squared, rows_of(), config=config_of(verbose=2, max_epochs=1), start=result.state)
    lines = capfd.readouterr().err.splitlines()
    assert len(lines) == 1
    assert lines[0].startswith("epoch 3/3  train_loss")


def test_a_bar_on_a_terminal(terminal: Terminal, capfd: pytest.CaptureFixture[str]) -> None:
    with terminal:
        result = fit(tiny_network(), squared, rows_of(), config=config_of(verbose=1, max_epochs=2, batch_size=1))
    shown = terminal.shown()
    plain = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", shown)
    assert "epoch 2/2" in plain
    # 37 optimiser steps, though Lightning sees them in groups
    assert "37/37" in plain
    assert f"train_loss {result.history['train_loss'][-1]:.4g}" in plain
    # the cursor is back
    assert shown.count("\x1b[?25h") == 1
    assert capfd.readouterr().out == ""


def test_the_terminal_is_given_back_after_an_error(terminal: Terminal) -> None:
    def stop(call: int) -> None:
        if call == 3:
            raise ZeroDivisionError

    with terminal, pytest.raises(ZeroDivisionError):
        fit(tiny_network(), squared, rows_of(on_take=stop), config=config_of(verbose=1))
    assert "\x1b[?25h" in terminal.shown()


@pytest.mark.parametrize("verbose", [0, 2])
def test_no_bar_on_a_terminal_unless_asked_for(terminal: Terminal, verbose: int) -> None:
    with terminal:
        fit(tiny_network(), squared, rows_of(), config=config_of(verbose=verbose))
    assert "\x1b" not in terminal.shown()
